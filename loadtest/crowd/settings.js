/** Environment variables become one object, with every time in milliseconds. README.md lists them. */

const PROFILES = {
  /** The classroom's crowd. */
  class: {
    USERS: 1000,
    ROUNDS_MIN: 10,
    ROUNDS_MAX: 20,
    THINK_MIN_MS: 500,
    THINK_MAX_MS: 5000,
    LISTEN_MIN_S: 5,
    LISTEN_MAX_S: 10,
    RAMP_S: 10,
    REPLY_TIMEOUT_S: 30,
    USERS_PER_VU: 50,
  },
  /** The same people in a hurry: every step of the classroom's crowd, in about fifteen seconds. */
  ci: {
    USERS: 200,
    ROUNDS_MIN: 10,
    ROUNDS_MAX: 20,
    THINK_MIN_MS: 20,
    THINK_MAX_MS: 200,
    LISTEN_MIN_S: 0.2,
    LISTEN_MAX_S: 0.5,
    RAMP_S: 2,
    REPLY_TIMEOUT_S: 10,
    USERS_PER_VU: 50,
  },
};

/** A person sends two commands a round and must stay below the 50 a second that the server allows. */
const SHORTEST_ROUND_MS = 40;

/** @typedef {ReturnType<typeof readSettings>} Settings */

/** @param {Record<string, string | undefined>} env */
export function readSettings(env) {
  const profileName = env.PROFILE || "class";
  if (profileName !== "class" && profileName !== "ci")
    throw new Error(`PROFILE: class or ci, not ${profileName}`);
  const profile = PROFILES[profileName];

  /** @param {keyof typeof profile} name @param {number} lowest */
  const number = (name, lowest) => {
    const value = env[name] ? Number(env[name]) : profile[name];
    if (!(value >= lowest)) throw new Error(`${name}: a number from ${lowest} on, not ${env[name]}`);
    return value;
  };

  const users = Math.floor(number("USERS", 1));
  const usersPerVu = Math.floor(number("USERS_PER_VU", 1));
  const settings = {
    ...addresses(env),
    report: env.REPORT || "",
    users,
    usersPerVu,
    virtualUsers: Math.ceil(users / usersPerVu),
    roundsMin: Math.floor(number("ROUNDS_MIN", 1)),
    roundsMax: Math.floor(number("ROUNDS_MAX", 1)),
    thinkMinMs: number("THINK_MIN_MS", 0),
    thinkMaxMs: number("THINK_MAX_MS", 0),
    listenMinMs: number("LISTEN_MIN_S", 0) * 1000,
    listenMaxMs: number("LISTEN_MAX_S", 0) * 1000,
    /** People arrive evenly over this time, and nobody buys before it has passed. */
    rampMs: number("RAMP_S", 0) * 1000,
    replyTimeoutMs: number("REPLY_TIMEOUT_S", 0.1) * 1000,
  };
  const { roundsMin, roundsMax, thinkMinMs, thinkMaxMs, listenMinMs, listenMaxMs } = settings;
  if (roundsMin > roundsMax) throw new Error("ROUNDS_MIN is above ROUNDS_MAX");
  if (thinkMinMs > thinkMaxMs) throw new Error("THINK_MIN_MS is above THINK_MAX_MS");
  if (listenMinMs > listenMaxMs) throw new Error("LISTEN_MIN_S is above LISTEN_MAX_S");
  if (thinkMinMs + listenMinMs < SHORTEST_ROUND_MS) {
    throw new Error(`a round of less than ${SHORTEST_ROUND_MS} ms sends more than 50 commands a second`);
  }
  /** How long the slowest person takes once the doors are open, where each answer takes up to half a second. */
  const longestVisitMs = roundsMax * (thinkMaxMs + listenMaxMs + 1000);
  const longestRunMs =
    settings.rampMs + longestVisitMs + 2 * settings.replyTimeoutMs + 3 * listenMaxMs + 10_000;
  return { ...settings, longestVisitMs, longestRunMs };
}

/** @param {Record<string, string | undefined>} env */
export function addresses(env) {
  const sale = env.SALE || "default";
  const path = sale === "default" ? "/" : `/vendas/${sale}`;
  // URL alone is enough where the sale's HTTP routes are on the same port, as this server's are.
  const fromUrl = env.URL && env.URL.replace(/^ws/, "http").replace(/^(https?:\/\/[^/]+).*$/, "$1");
  const httpBase = (env.HTTP_BASE || fromUrl || "http://localhost:8080").replace(/\/+$/, "");
  return { sale, httpBase, url: env.URL || httpBase.replace(/^http/, "ws") + path };
}
