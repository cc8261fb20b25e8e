// A client that openapi-typescript has generated, against the API: node out/run.js http://127.0.0.1:8080. Prints a line for each step that is as it should be.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Mail = components["schemas"]["MailReport"];

const api = createClient<paths>({ baseUrl: process.argv[2] });
const tag = `typescript-${process.pid}-${Date.now()}`;
const step = (name: string) => console.log(`ok ${name}`);

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

async function ended(id: string): Promise<Mail> {
  for (let left = 10; left > 0; left--) {
    const { data, error } = await api.GET("/emails/{id}", { params: { path: { id }, query: { wait: "10s" } } });
    check(error === undefined, JSON.stringify(error));
    if (data.state === "sent") return data;
  }
  throw new Error(`${id} is not sent`);
}

const posted = await api.POST("/emails", {
  params: { header: { "Idempotency-Key": tag } },
  body: { from: "shop@example.com", to: [`fine-${tag}@example.com`], subject: tag, text: "t", tags: [{ name: "run", value: tag }, "plain"] },
});
check(posted.response.status === 202 && posted.data !== undefined, JSON.stringify(posted.error));
const mail = await ended(posted.data.id);
check(mail.recipients?.[0]?.outcome === "accepted" && mail.from === "shop@example.com", JSON.stringify(mail));
step("post, get");

const batch = await api.POST("/emails/batch", { body: [1, 2].map((n) => ({ from: "shop@example.com", to: `fine-${n}-${tag}@example.com`, subject: `${n}`, text: "t" })) });
check(batch.data?.data.length === 2, JSON.stringify(batch.error));
step("batch");

const list = await api.GET("/emails", { params: { query: { tag: `run:${tag}`, limit: "5" } } });
check(list.data?.data.length === 1 && list.data.data[0].id === posted.data.id, JSON.stringify(list));
step("list");

const wrong = await api.POST("/emails", { body: { from: "shop@example.com", to: "nobody", subject: "s", text: "t" } });
check(wrong.error?.code === "validation_failed" && wrong.error.errors?.[0]?.field === "to", JSON.stringify(wrong.error));
step("errors");
