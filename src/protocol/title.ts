/** What a sale may be called, whoever names it: it is shown on terminals too, which control characters would steer. */
export const TITLE = /^\P{Cc}{1,200}$/u;
