/** What is known of how data came about, by name: the tooltip of a figure's caption. */
export type Facts = Readonly<Record<string, string>>;
