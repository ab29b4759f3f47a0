// Adds to pages that work without it: live progress, choices that are asked for anew at once, and one submission a form.
"use strict";

// The progress of a job, told by the server. At its end the page is asked for again, with the result in it.
const job = document.querySelector("#job[data-events]");
if (job) {
  const words = job.querySelector("#job-words");
  const bar = job.querySelector("#job-progress");
  const source = new EventSource(job.dataset.events);
  let failures = 0;
  source.addEventListener("job", (event) => {
    failures = 0;
    const told = JSON.parse(event.data);
    if (!told.running) {
      source.close();
      location.reload();
      return;
    }
    words.textContent = told.words;
    if (told.total === null) {
      bar.removeAttribute("value");
    } else {
      bar.max = told.total;
      bar.value = told.done;
    }
  });
  source.addEventListener("error", () => {
    failures += 1;
    if (failures > 5) {
      source.close();
      words.textContent = "The console does not answer. Reload the page to see how far the job is.";
    }
  });
}

// A choice that the page depends on asks for the page again at once; without the script a button does. The new page comes back to
// the choice, so that whoever goes by keyboard goes on from there.
for (const control of document.querySelectorAll("[data-resend]")) {
  control.addEventListener("change", () => {
    const button = control.form.querySelector(`button[name="${CSS.escape(control.dataset.resend)}"]`);
    button.formAction = `${control.form.getAttribute("action")}#${control.id}`;
    control.form.requestSubmit(button);
  });
}
document.querySelector("[data-resend]:target")?.focus();

// Moments come in UTC; here they are told in the visitor's own zone.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.textContent;
  time.textContent = at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

// What is wrong with a form takes the focus, also where autofocus was spent on something else.
document.getElementById("errors")?.focus();

// One box for all of a list.
for (const all of document.querySelectorAll("input[data-all]")) {
  const boxes = () => document.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(all.dataset.all)}"]`);
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
  });
}

// A second click while the first is on its way would do it twice.
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) delete form.dataset.sent;
});
