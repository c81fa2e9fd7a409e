/** Everything a painter may use besides the data's own colours. */
export interface Theme {
  dark: boolean;
  background: string;
  foreground: string;
  muted: string;
  hairline: string;
  accent: string;
}
