/** Set by the build: is this the renderer of exported pages, which no kernel ever talks to? */
declare const PAGE: boolean;
