// The layers of a directory and its sub-directories, read through the files port. Law: all problems of all files are told at once.
import { readLayer } from '../core/layer.ts';
import type { Layer } from '../core/layer.ts';
import { looksLikeLayer, orderLayerNames } from '../core/layer-names.ts';
import type { LayerName } from '../core/layer-names.ts';
import type { Problem } from '../core/problem.ts';
import type { Files } from '../ports.ts';

export interface LayerFiles {
  readonly layers: readonly Layer[];
  readonly problems: readonly Problem[];
  /** False where a file could not be read as YAML at all, so that nothing can be said of what the others lack. */
  readonly complete: boolean;
}

/**
 * In order, with numbers 1000 * file, and 1000 * sub-directory + file inside it. A missing directory holds no layers.
 * `warn` hears of files that look like layers but have names that are not looked at.
 */
export function readLayers(
  files: Files,
  directory: string,
  warn: (problem: Problem) => void = () => undefined,
): LayerFiles {
  const problems: Problem[] = [];
  let complete = true;
  const layers: Layer[] = [];

  function readFile(path: string, label: string, order: number): void {
    const text = files.read(path);
    if (!text.ok) {
      problems.push(wholeFile(path, text.failure.message));
      return;
    }
    const read = readLayer({ text: text.value, file: path, label, order, origin: path });
    if (read.layer === undefined) complete = false;
    else layers.push(read.layer);
    problems.push(...read.problems);
  }

  for (const outer of readNames(files, directory, problems, warn)) {
    const path = `${directory}/${outer.name}`;
    if (!outer.directory) {
      readFile(path, outer.label, outer.number * 1000);
      continue;
    }
    for (const inner of readNames(files, path, problems, warn)) {
      const innerPath = `${path}/${inner.name}`;
      if (inner.directory) {
        problems.push(wholeFile(innerPath, 'cannot have a layers sub-directory at this level'));
      } else {
        readFile(innerPath, `${outer.label}/${inner.label}`, outer.number * 1000 + inner.number);
      }
    }
  }
  return { layers, problems, complete: complete && problems.every(({ line }) => line > 0) };
}

function readNames(
  files: Files,
  directory: string,
  problems: Problem[],
  warn: (problem: Problem) => void,
): readonly LayerName[] {
  const listed = files.list(directory);
  if (!listed.ok) {
    const isMissing = listed.failure.kind === 'not-found' && !files.exists(directory);
    if (!isMissing) problems.push(wholeFile(directory, listed.failure.message));
    return [];
  }
  for (const { name } of listed.value) {
    if (looksLikeLayer(name)) {
      const message = 'ignored: the name of a layer file ends in ".yaml"';
      warn(wholeFile(`${directory}/${name}`, message));
    }
  }
  const names = orderLayerNames(listed.value);
  for (const { name, message } of names.problems) problems.push(wholeFile(`${directory}/${name}`, message));
  return names.layers;
}

function wholeFile(file: string, message: string): Problem {
  return { file, line: 0, column: 0, message };
}
