// docs/reference/cli.md, made from the commands' own data.
import { commandTable } from './command-table.ts';
import { categories, type Command } from './command.ts';
import { optionRows, usage } from './help-text.ts';

/** The reference of all commands as Markdown, ended by a newline. */
export async function cliReference(): Promise<string> {
  const commands = await commandTable();
  const sections = categories.map((category) => {
    const own = commands.filter((command) => command.category === category);
    return `## ${category}\n\n${own.map(commandSection).join('\n')}`;
  });
  return `# Command line

<!-- Generated from src/cli/commands; do not edit. -->

Every command takes \`-h\`/\`--help\` and \`--version\`. Exit codes: 0 done, 1 not done (\`error: ...\` on stderr says why),
130 given up with Ctrl-C; \`run\` and \`enter\` exit with the daemon's own code.

${sections.join('\n')}`;
}

function commandSection(command: Command): string {
  const rows = optionRows(command).map(([spelling, help]) => `| \`${spelling}\` | ${escapeCell(help)} |\n`);
  return `### ${command.name}

${command.summary}.

\`\`\`
${usage(command, 'djsup')}
\`\`\`

${escapeText(command.description)}

| option | meaning |
| --- | --- |
${rows.join('')}`;
}

function escapeCell(text: string): string {
  return escapeText(text).replaceAll('|', '\\|');
}

function escapeText(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('[', '\\[').replaceAll(']', '\\]');
}
