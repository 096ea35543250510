// Runs named operations one after another and prints the outcome of each, as one line of JSON.
import assert from "node:assert/strict";

const { URL_, TOKEN, READ_ONLY } = process.env;
const outcomes = {};

async function operation(name, work) {
  try {
    await work();
    outcomes[name] = "ok";
  } catch (error) {
    outcomes[name] = `${error.code ?? error.name}: ${error.message}`;
  }
}

function report() {
  console.log(JSON.stringify(outcomes));
}
