/** As much of Bun (https://bun.com) as the bench uses. */

interface BunSocket<Data> {
  data: Data;
  write(bytes: Uint8Array | string): number;
  terminate(): void;
}

interface BunWebSocket {
  send(text: string): number;
  subscribe(topic: string): void;
}

interface BunServer {
  readonly port: number;
  upgrade(request: Request): boolean;
  publish(topic: string, text: string): number;
}

declare const Bun: {
  readonly version: string;
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request, server: BunServer): Response | undefined;
    websocket: {
      perMessageDeflate: boolean;
      open(socket: BunWebSocket): void;
      message(socket: BunWebSocket, message: string | Uint8Array): void;
    };
  }): BunServer;
  connect<Data>(options: {
    hostname: string;
    port: number;
    data: Data;
    socket: {
      open(socket: BunSocket<Data>): void;
      data(socket: BunSocket<Data>, bytes: Uint8Array): void;
      close(socket: BunSocket<Data>): void;
      error(socket: BunSocket<Data>, error: Error): void;
      connectError?(socket: BunSocket<Data>, error: Error): void;
    };
  }): Promise<BunSocket<Data>>;
};
