// Sends one mail as an application does: HOST PORT MODE(starttls|tls) CA-FILE USER PASSWORD FROM TO SUBJECT
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [host, port, mode, ca, user, pass, from, to, subject] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host,
  port: Number(port),
  secure: mode === "tls",
  requireTLS: true,
  auth: { user, pass },
  tls: { ca: [readFileSync(ca)] },
});
await transport.sendMail({
  from,
  to,
  subject,
  text: "hello",
  html: '<p>See <a href="https://www.example.com/offer">the offer</a>.</p>',
});
transport.close();
