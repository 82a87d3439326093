/** The documents of a project, as an MCP server of the demo: `documents-server <folder>`. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { serveTools } from './tool-server.ts';

const [folder = '.'] = process.argv.slice(2);

/** A document by its name; a name leads nowhere else. */
function pathOf(name: string | undefined): string {
  return join(folder, basename(name ?? ''));
}

await serveTools('documents', {
  read_document: {
    description: 'Reads a document of the project.',
    args: { name: 'Name of the document' },
    run: ({ name }) => readFile(pathOf(name), 'utf8'),
  },
  write_note: {
    description: 'Writes a note beside the documents.',
    args: { name: 'Name of the note', text: 'What it says' },
    run: async ({ name, text }) => {
      await writeFile(pathOf(name), text ?? '');
      return `wrote ${basename(name ?? '')}`;
    },
  },
});
