// Sends one mail as an application does: ADDRESS-OF-LOCALHOST PORT MODE(starttls|tls) CA-FILE USER PASSWORD FROM TO SUBJECT
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [address, port, mode, ca, user, pass, from, to, subject] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  // Of the addresses of a name it takes one by chance, and where "localhost" has two we listen on one.
  host: address,
  port: Number(port),
  secure: mode === "tls",
  requireTLS: true,
  auth: { user, pass },
  tls: { ca: [readFileSync(ca)], servername: "localhost" },
});
await transport.sendMail({
  from,
  to,
  subject,
  text: "hello",
  html: '<p>See <a href="https://www.example.com/offer">the offer</a>.</p>',
});
transport.close();
