/** How the stub speaks to each kind of client. */
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import type { Client, Office } from "./stub-office.ts";

const NOTICE = "AVISO: O estoque acabou de esgotar!";

/** How old an old number is. */
const LONG_AGO_MS = 60_000;

export function webSocketClient(socket: WebSocket): Client {
  const say = (line: string): void => socket.send(line);
  return {
    hearsStock: true,
    speaksJson: false,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    say,
    tellStock: (left) => say(`ESTOQUE: ${left}`),
    tellNotice: () => say(NOTICE),
    terminate: () => socket.terminate(),
  };
}

export function tcpClient(socket: Socket): Client {
  const say = (line: string): void => {
    socket.write(`${line}\n`);
  };
  return {
    hearsStock: false,
    speaksJson: false,
    isOpen: () => socket.writable,
    say,
    tellStock: (left) => say(`ESTOQUE: ${left}`),
    tellNotice: () => say(NOTICE),
    terminate: () => socket.destroy(),
  };
}

/** It says hello at once. */
export function jsonClient(socket: WebSocket, office: Office): Client {
  const send = (message: object): void => socket.send(JSON.stringify(message));
  const { sale } = office.sale;
  send({ type: "hello", protocol: socket.protocol, serverTime: Date.now(), sale });
  return {
    hearsStock: false,
    speaksJson: true,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    say: () => {},
    tellStock: (available) => {
      const { capacity } = office.sale;
      const held = office.once("pushes sums that don't add up") ? 1 : 0;
      const at = Date.now() - (office.lies("pushes numbers of long ago") ? LONG_AGO_MS : 0);
      send({ type: "stock", sale, capacity, available, held, sold: capacity - available, at });
    },
    tellNotice: () => {
      const at = Date.now() - (office.lies("sends an AVISO of long ago") ? LONG_AGO_MS : 0);
      send({ type: "notice", kind: "sold_out", sale, at });
    },
    terminate: () => socket.terminate(),
  };
}
