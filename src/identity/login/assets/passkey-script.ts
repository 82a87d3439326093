/**
 * The script of the pages: it carries options and answers between our forms and the browser's authenticator (Web
 * Authentication Level 3 sections 5.1.8 to 5.1.10). Browsers without those functions are told so.
 */
export const passkeyScript = `'use strict';
const post = async (url, members) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(members),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.fault);
  return value;
};

const known = (fault) => ({
  NotAllowedError: 'It was cancelled or took too long. Try again.',
  InvalidStateError: 'This device has a passkey for this gateway already.',
  SecurityError: 'The browser does not allow passkeys at this address.',
})[fault.name];

const ceremony = async (form) => {
  const token = form.elements.form_token.value;
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    throw new Error('This browser is too old for passkeys here. Use the password, or a newer browser.');
  }
  const options = await post(form.dataset.options, { form_token: token });
  const credential = form.dataset.passkey === 'create'
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  const { location } = await post(form.dataset.verify, { form_token: token, credential: credential.toJSON() });
  globalThis.location.assign(location);
};

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const [button, alert] = [form.querySelector('button'), form.querySelector('.alert')];
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    alert.hidden = true;
    try {
      await ceremony(form);
    } catch (fault) {
      alert.textContent = known(fault) ?? fault.message;
      alert.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}
`;
