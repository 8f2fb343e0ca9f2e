// Options among command-line words, in the spellings that Python's argparse takes.

/** All values of an option, in order: `-k X`, `-kX`, `-k=X`, `--long X`, `--long=X`. A missing value is ''. */
export function optionValues(words: readonly string[], short: string, long: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') break;
    if (word === short || word === long) {
      const value = words[index + 1];
      values.push(value === undefined || value.startsWith('-') ? '' : value);
    } else if (word.startsWith(`${long}=`)) {
      values.push(word.slice(long.length + 1));
    } else if (word.startsWith(short) && !word.startsWith('--')) {
      values.push(word.slice(short.length).replace(/^=/, ''));
    }
  }
  return values;
}
