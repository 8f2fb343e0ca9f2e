// Names and label values of a mapping, with the parts of a metric's name filled in.
// Law: what is not there is filled in as nothing.

/** Fills a template with the captures of a match: the text of a group by number or name, undefined where there is none. */
export type Fill = (group: (name: string) => string | undefined) => string;

/** A glob's: `$1` and `${1}`, each a star counted from 1, or 0 for the whole name; a variable that is no number is nothing. */
export function globTemplate(text: string): Fill {
  return compile(text, /\$\{?([A-Za-z0-9_$]+)\}?/g);
}

/** A regular expression's, as Go's Regexp.Expand: `$1`, `$name`, `${name}`, `$$`; a name is as long as it can be. */
export function regexTemplate(text: string): Fill {
  return compile(text, /\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\}|(\$))/g);
}

function compile(text: string, variable: RegExp): Fill {
  const parts: { readonly literal: string; readonly group: string | undefined }[] = [];
  let from = 0;
  for (const match of text.matchAll(variable)) {
    const isDollar = match[3] !== undefined;
    parts.push({
      literal: text.slice(from, match.index) + (isDollar ? '$' : ''),
      group: isDollar ? undefined : (match[1] ?? match[2]),
    });
    from = match.index + match[0].length;
  }
  const tail = text.slice(from);
  if (parts.length === 0) return () => tail;
  return (group) => {
    let filled = '';
    for (const { literal, group: name } of parts) {
      filled += literal + (name === undefined ? '' : (group(name) ?? ''));
    }
    return filled + tail;
  };
}
