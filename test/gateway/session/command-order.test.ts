import { expect } from "chai";
import { spawnServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";

describe("the command log of one connection", () => {
  it("has the commands in the order of their replies, whoever answers them", async () => {
    const server = await spawnServer(["--memory"]);
    const client = await TextClient.connect(server.tcpPort);
    client.write("COMPRAR\nVENDER\nCOMPRAR 2\nAJUDA\nCOMPRAR 0\nINGRESSOS\nSAIR\n");
    await client.untilEnd();
    const commands: unknown[] = [];
    while (commands.length < 7) {
      const line = JSON.parse(await server.log.next()) as Record<string, unknown>;
      if (line["via"] === "tcp") commands.push(line["command"]);
    }
    expect(commands).to.deep.equal([
      "COMPRAR 1",
      "VENDER",
      "COMPRAR 2",
      "AJUDA",
      "COMPRAR",
      "INGRESSOS",
      "SAIR",
    ]);
  });
});
