/** The mock's secrets: names and no values, as the server's answers. */
import type { Secrets, SecretView } from "../src/api/types.ts";
import { secondsAgo } from "./build.ts";

export class MockSecrets {
  private readonly secrets: SecretView[] = [
    {
      name: "NPM_TOKEN",
      repository: null,
      created_at: secondsAgo(9_000_000),
      updated_at: secondsAgo(90_000),
      updated_by: "maren",
    },
    {
      name: "deploy.key",
      repository: "maren/teashop",
      created_at: secondsAgo(400_000),
      updated_at: secondsAgo(400_000),
      updated_by: "a person at the command line",
    },
  ];

  async handle(request: Request, name: string | undefined): Promise<Response> {
    const all: Secrets = {
      account: "local",
      secrets: this.secrets,
      repositories: ["maren/everything", "maren/kettle", "maren/teashop"],
      for_all: true,
    };
    if (name === undefined) return Response.json(all);
    if (request.headers.get("x-dockercise") !== "page")
      return Response.json({ error: "this click did not come from our page", help: null }, { status: 403 });
    const repository = new URL(request.url).searchParams.get("repository");
    const at = this.secrets.findIndex((one) => one.name === name && one.repository === repository);
    if (request.method === "DELETE") {
      if (at < 0) return Response.json({ error: "there is no such thing here", help: null }, { status: 404 });
      this.secrets.splice(at, 1);
      return new Response(null, { status: 204 });
    }
    const { length } = (await request.text()).trim();
    if (length < 6) {
      const error = `a secret of ${length} bytes cannot be masked: it would be found everywhere in a log`;
      const help = "use at least 6 bytes, or write it into the file if it is no secret";
      return Response.json({ error, help }, { status: 422 });
    }
    const now = new Date().toISOString();
    if (at >= 0) Object.assign(this.secrets[at]!, { updated_at: now, updated_by: "maren" });
    else this.secrets.push({ name, repository, created_at: now, updated_at: now, updated_by: "maren" });
    return new Response(null, { status: 204 });
  }
}
