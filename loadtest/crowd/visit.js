/** What a person does at the box office, from arriving to leaving. */
import { setTimeout } from "k6/timers";
import { balance, lateArrivals, newcomers, noticeOnce, noticeOwed } from "./measures.js";

/** How often those ask who wait for the end. */
const ASK_EVERY_MS = 3000;
const POLL_MS = 100;
/** Time for an AVISO too many. */
const SECOND_NOTICE_MS = 300;

/**
 * @typedef {import("./person.js").Person} Person
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {import("../crowd.js").Opening} Opening
 */

/**
 * People arrive one after the other, and the first purchases wait until all of them could be there: so everyone who
 * was on time was certainly connected before the last sale, and is owed exactly one AVISO.
 *
 * @param {Person} person @param {Settings} settings @param {Opening} opening @param {number} index its place in the crowd
 */
export async function visit(person, settings, opening, index) {
  await pauseUntil(opening.startedAt + (settings.rampMs * 0.9 * index) / settings.users);
  const opened = await person.connect();
  const onTime = opened && Date.now() < opening.doorsAt;
  if (opened && !onTime) lateArrivals.add(1);
  const rounds =
    settings.roundsMin + Math.floor(Math.random() * (settings.roundsMax - settings.roundsMin + 1));
  for (let round = 0; round < rounds && person.connected; round++) await playRound(person, settings, opening);
  await seeTheEnd(person, settings, opening);
  judgeNotices(person, onTime);
  person.leave();
  balance.add(1, { of: "visits" });
}

/**
 * Somebody who comes when everything is gone: nothing is left for them, and the AVISO was for those before.
 *
 * @param {Person} person @param {Settings} settings
 */
export async function arriveLate(person, settings) {
  person.newcomer = true;
  if (!(await person.connect())) return;
  newcomers.add(1);
  await person.ask("CONSULTAR");
  await person.ask("COMPRAR");
  await pause(settings.listenMinMs);
  if (person.sawStock) person.complain("stock_rise", "stock for somebody who came after the end");
  person.leave();
}

/** @param {Person} person @param {Settings} settings @param {Opening} opening */
async function playRound(person, settings, opening) {
  await person.ask("CONSULTAR");
  await pauseUntil(opening.doorsAt);
  await pause(between(settings.thinkMinMs, settings.thinkMaxMs));
  await person.ask("COMPRAR");
  await pause(between(settings.listenMinMs, settings.listenMaxMs));
}

/**
 * Nobody goes home before the last sale, or a lost AVISO could hide behind an early departure. Whoever has played all
 * rounds stays, asks now and then how many are left, and after the end listens once more.
 *
 * @param {Person} person @param {Settings} settings @param {Opening} opening
 */
async function seeTheEnd(person, settings, opening) {
  const deadline = opening.doorsAt + settings.longestVisitMs;
  while (person.connected && !person.knowsSoldOut && Date.now() < deadline) {
    await pause(between(settings.listenMinMs, settings.listenMaxMs));
    await person.ask("CONSULTAR");
  }
  if (person.connected && person.notices === 0) await pause(settings.listenMaxMs);
}

/**
 * The same for those who may leave as soon as they have heard the AVISO. Whoever waits asks now and then whether
 * everything is gone: a connection that the server forgot is told neither that nor the AVISO, and is owed both.
 *
 * @param {Person} person @param {number} deadline for the last sale, in epoch milliseconds
 * @param {number} listenMs from when it knows that everything is gone, for the AVISO
 */
export async function awaitNotice(person, deadline, listenMs) {
  let askAt = Date.now() + ASK_EVERY_MS;
  while (person.connected && !person.knowsSoldOut && Date.now() < deadline) {
    await pause(POLL_MS);
    if (person.knowsSoldOut || Date.now() < askAt) continue;
    await person.ask("CONSULTAR");
    askAt = Date.now() + ASK_EVERY_MS;
  }
  const until = Date.now() + listenMs;
  while (person.connected && person.knowsSoldOut && person.notices === 0 && Date.now() < until) {
    await pause(POLL_MS);
  }
  await pause(SECOND_NOTICE_MS);
}

/** @param {Person} person @param {boolean} onTime */
export function judgeNotices(person, onTime) {
  const owed = onTime || person.sawStock;
  if (!owed || !person.connected || !person.knowsSoldOut) return;
  noticeOwed.add(1);
  if (person.notices === 1) noticeOnce.add(1);
  if (person.notices === 0) person.complain("notice_missing", "open before the last sale");
}

/** @param {number} time */
export async function pauseUntil(time) {
  const waitMs = time - Date.now();
  if (waitMs > 0) await pause(waitMs);
}

/** @param {number} waitMs @returns {Promise<void>} */
export function pause(waitMs) {
  return new Promise((resolve) => {
    setTimeout(resolve, waitMs);
  });
}

/** @param {number} low @param {number} high */
export function between(low, high) {
  return low + Math.random() * (high - low);
}
