import { documentsContract } from '../../testing/documents.ts';
import { memoryDocuments } from './documents.ts';

documentsContract('memory', memoryDocuments, { alone: true });
