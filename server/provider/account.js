// The page of one-time links: #set-up=…, #invitation=… and #reset=….
"use strict";

const $ = (id) => document.getElementById(id);
const [kind, token] = location.hash.slice(1).split("=");
history.replaceState(null, "", location.pathname); // out of the address bar and the history

async function call(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const value = text ? JSON.parse(text) : {};
  if (!answer.ok) {
    const fields = (value.errors || []).map((e) => `${e.field} ${e.problem}`);
    throw new Error([value.title, value.detail, ...fields].filter(Boolean).join(". "));
  }
  return value;
}

function show(what, rows, known) {
  $("what").textContent = what;
  $("email-row").hidden = !rows.includes("email");
  $("name-row").hidden = !rows.includes("name");
  $("email").required = rows.includes("email");
  $("rule").hidden = known;
  $("password").autocomplete = known ? "current-password" : "new-password";
  $("form").hidden = false;
}

const kinds = {
  "set-up": {
    start: async () => show("You become an administrator of this site.", ["email", "name"], false),
    send: (v) => call("/v1/setup", { token, email: v.email, name: v.name, password: v.password }),
    done: "Your account is ready.",
  },
  invitation: {
    start: async () => {
      const i = await call("/v1/invitations/read", { token });
      const role = i.role.of ? `${i.role.role} of ${i.role.of}` : i.role.role;
      show(`${i.email} is invited as ${role}.` + (i.known ? " Give the password of your account." : ""), i.known ? [] : ["name"], i.known);
    },
    send: (v) => call("/v1/invitations/accept", v.name ? { token, name: v.name, password: v.password } : { token, password: v.password }),
    done: "The invitation is accepted.",
  },
  reset: {
    start: async () => show("Choose a new password.", [], false),
    send: (v) => call("/v1/password-resets/confirm", { token, password: v.password }),
    done: "Your password is changed, and you are signed out everywhere.",
  },
};

const page = kinds[kind];
if (page && token) {
  page.start().catch((e) => { $("what").textContent = e.message; });
  $("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    $("said").textContent = "";
    try {
      await page.send({ email: $("email").value, name: $("name").value, password: $("password").value });
      $("form").hidden = true;
      $("what").textContent = page.done;
    } catch (e) {
      $("said").textContent = e.message;
    }
  });
}
