// Adds to pages that work without it: live progress, dialogs, and one submission a form.
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

// A link that leads to a dialog on the same page opens it; without the script it leads to where the dialog stands.
for (const opener of document.querySelectorAll("[data-dialog]")) {
  opener.addEventListener("click", (event) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
  });
}
for (const closer of document.querySelectorAll("[data-close]")) {
  closer.addEventListener("click", (event) => {
    event.preventDefault();
    closer.closest("dialog").close();
  });
}

// A box that ticks all boxes of its table.
for (const all of document.querySelectorAll("[data-tick]")) {
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(all.dataset.tick)}"]`)) {
      if (!box.disabled) box.checked = all.checked;
    }
  });
}

// A choice that the page depends on asks for the page again at once; without the script a button does.
for (const control of document.querySelectorAll("[data-resend]")) {
  control.addEventListener("change", () => {
    const button = control.form.querySelector(`button[name="${CSS.escape(control.dataset.resend)}"]`);
    control.form.requestSubmit(button);
  });
}

// What is wrong with a form takes the focus, also where autofocus was spent on something else.
document.getElementById("errors")?.focus();

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
