// Resend's own client against the API: node run.mjs http://127.0.0.1:8080. Prints a line for each step that is as it should be.
import assert from "node:assert/strict";
import { Resend } from "resend";

const resend = new Resend(process.env.API_KEY ?? "re_any-key-in-development", { baseUrl: process.argv[2] });
const tag = `run-${process.pid}-${Date.now()}`;
const mail = (more) => ({
  from: "Shop <shop@example.com>", to: [`fine-${tag}@example.com`], subject: `Order ${tag}`, html: "<p>It is on its way.</p>", text: "It is on its way.", ...more,
});
const of = ({ data, error }) => (assert.equal(error, null, JSON.stringify(error)), data);
const refused = ({ data, error }) => (assert.equal(data, null, JSON.stringify(data)), error);
const step = (name) => console.log(`ok ${name}`);

async function become(id, event) {
  for (let left = 300; ; left--) {
    const found = of(await resend.emails.get(id));
    if (found.last_event === event) return found;
    assert.ok(left > 0, `${id} is ${found.last_event}, and not ${event}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const sent = of(await resend.emails.send(mail({
  cc: "cc@example.com", bcc: ["bcc@example.com"], replyTo: "help@example.com", tags: [{ name: "run", value: tag }],
  attachments: [{ filename: "a.txt", content: Buffer.from("bytes") }, { filename: "logo.png", content: Buffer.from("png").toString("base64"), contentId: "logo", contentType: "image/png" }],
  headers: { "X-Campaign": "spring" },
})));
const read = await become(sent.id, "sent");
assert.equal(read.object, "email");
assert.equal(read.id, sent.id);
assert.equal(read.from, "Shop <shop@example.com>");
assert.deepEqual(read.to, [`fine-${tag}@example.com`]);
assert.deepEqual([read.cc, read.bcc, read.reply_to], [["cc@example.com"], ["bcc@example.com"], ["help@example.com"]]);
assert.deepEqual(read.tags, [{ name: "run", value: tag }]);
assert.ok(!Number.isNaN(Date.parse(read.created_at)));
step("send, get");

const key = { idempotencyKey: `key-${tag}` };
const first = of(await resend.emails.send(mail(), key));
assert.equal(of(await resend.emails.send(mail(), key)).id, first.id);
const reused = refused(await resend.emails.send(mail({ subject: "another" }), key));
assert.deepEqual([reused.name, reused.statusCode], ["idempotency_key_reused", 409]);
assert.match(reused.message, /key/);
step("idempotency");

const scheduled = of(await resend.emails.send(mail({ scheduledAt: "in 1 hour" })));
await become(scheduled.id, "scheduled");
const later = new Date(Date.now() + 7_200_000).toISOString();
const updated = of(await resend.emails.update({ id: scheduled.id, scheduledAt: later }));
assert.deepEqual([updated.object, updated.id], ["email", scheduled.id]);
assert.equal(Date.parse(of(await resend.emails.get(scheduled.id)).scheduled_at), Date.parse(later));
assert.equal(of(await resend.emails.cancel(scheduled.id)).id, scheduled.id);
assert.equal(of(await resend.emails.get(scheduled.id)).last_event, "canceled");
assert.equal(refused(await resend.emails.update({ id: scheduled.id, scheduledAt: later })).name, "mail_not_waiting");
step("schedule, update, cancel");

const soon = of(await resend.emails.send(mail({ subject: "moved forward", scheduledAt: "in 1 hour" })));
await become(soon.id, "scheduled");
of(await resend.emails.update({ id: soon.id, scheduledAt: new Date(Date.now() + 1_000).toISOString() }));
await become(soon.id, "sent");
step("a mail that is moved forward is sent");

const strict = of(await resend.batch.send([mail({ subject: "one" }), mail({ subject: "two" })]));
assert.equal(new Set(strict.data.map(({ id }) => id)).size, 2);
const wrong = refused(await resend.batch.send([mail(), { ...mail(), to: ["nobody"] }]));
assert.equal(wrong.name, "validation_failed");
assert.match(wrong.message, /\[1\]\.to/);
const permissive = of(await resend.batch.send([mail(), { ...mail(), to: ["nobody"] }], { batchValidation: "permissive" }));
assert.equal(permissive.data.length, 1);
assert.equal(permissive.errors[0].index, 1);
assert.match(permissive.errors[0].message, /address/);
for (const { id } of [...strict.data, ...permissive.data]) await become(id, "sent");
step("batch");

const list = of(await resend.emails.list({ limit: 2 }));
assert.deepEqual([list.object, list.has_more, list.data.length], ["list", true, 2]);
const next = of(await resend.emails.list({ limit: 2, after: list.data[1].id }));
assert.ok(!list.data.some(({ id }) => id === next.data[0].id));
const back = of(await resend.emails.list({ limit: 2, before: next.data[0].id }));
assert.deepEqual(back.data.map(({ id }) => id), list.data.map(({ id }) => id));
step("list");

const invalid = refused(await resend.emails.send(mail({ to: "nobody" })));
assert.deepEqual([invalid.name, invalid.statusCode], ["validation_failed", 422]);
assert.match(invalid.message, /^to /);
const path = refused(await resend.emails.send(mail({ attachments: [{ path: "https://example.com/a.pdf", filename: "a.pdf" }] })));
assert.match(path.message, /attachments\[0\]\.path/);
assert.equal(refused(await resend.emails.get("0190b0a0-0000-7000-8000-000000000000")).name, "mail_not_found");
step("errors");
