// One value as json or yaml; the text form is each command's own.

/** JSON: one compact line. YAML: indented by 4, words that YAML 1.1 would misread in quotes. Both end with a newline. */
export async function formatted(format: string, value: unknown): Promise<string> {
  return format === 'json' ? `${JSON.stringify(value)}\n` : yamlText(value);
}

export async function yamlText(value: unknown): Promise<string> {
  // Loaded here since only these outputs need it.
  const { stringify } = await import('yaml');
  return stringify(value, { indent: 4, lineWidth: 0, version: '1.1' });
}
