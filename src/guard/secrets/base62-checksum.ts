import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The checksum that ends the tokens of GitHub and npm: CRC-32 of the random part in six base62 digits
 * (github.blog, "Behind GitHub's new authentication token formats", 2021).
 */
export function base62Checksum(random: string): string {
  let rest = crc32(random);
  let spelled = '';
  for (let count = 0; count < 6; count++) {
    spelled = digits.charAt(rest % 62) + spelled;
    rest = Math.floor(rest / 62);
  }
  return spelled;
}
