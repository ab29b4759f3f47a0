use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::*;

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work);
}

fn scheduler(workers: usize) -> Scheduler {
    Scheduler::new(SchedulerLimits { workers, ..SchedulerLimits::default() })
}

fn submit<T: Send + 'static>(
    scheduler: &Scheduler,
    tenant: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> Ticket<T> {
    scheduler.submit(tenant, Terms::default(), work).unwrap()
}

/// Work that runs until it is let go, and says when it has begun.
struct Gate {
    begun: Arc<Notify>,
    open: Arc<Notify>,
}

impl Gate {
    async fn new(scheduler: &Scheduler, tenant: &str) -> (Self, Ticket<()>) {
        let gate = Self { begun: Arc::default(), open: Arc::default() };
        let (begun, open) = (Arc::clone(&gate.begun), Arc::clone(&gate.open));
        let ticket = submit(scheduler, tenant, async move {
            begun.notify_one();
            open.notified().await;
        });
        gate.begun.notified().await;
        (gate, ticket)
    }
}

#[test]
fn jobs_of_a_tenant_never_overlap_and_keep_their_order() {
    run(async {
        let scheduler = scheduler(8);
        let (inside, order) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<usize>>>::default());
        let tickets: Vec<_> = (0..200)
            .map(|number| {
                let (inside, order) = (Arc::clone(&inside), Arc::clone(&order));
                submit(&scheduler, "acme", async move {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two jobs at once");
                    tokio::task::yield_now().await;
                    order.lock().unwrap().push(number);
                    inside.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for ticket in tickets {
            ticket.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..200).collect::<Vec<_>>());
        assert_eq!(scheduler.load(), Load::default());
    });
}

#[test]
fn tenants_run_side_by_side_up_to_the_number_of_workers() {
    run(async {
        let scheduler = scheduler(3);
        let mut gates = Vec::new();
        for tenant in ["a", "b", "c"] {
            gates.push(Gate::new(&scheduler, tenant).await);
        }
        let fourth = submit(&scheduler, "d", async { "d" });
        assert_eq!(scheduler.load(), Load { running: 3, waiting: 1, tenants: 4 });
        gates[1].0.open.notify_one();
        assert_eq!(fourth.await.unwrap(), "d");
        for (gate, _) in &gates {
            gate.open.notify_one();
        }
        for (_, ticket) in gates {
            ticket.await.unwrap();
        }
    });
}

#[test]
fn a_flood_of_one_tenant_does_not_starve_the_others() {
    run(async {
        let scheduler = scheduler(1);
        let (gate, first) = Gate::new(&scheduler, "flood").await;
        let order = Arc::<Mutex<Vec<String>>>::default();
        let job = |name: String| {
            let order = Arc::clone(&order);
            async move { order.lock().unwrap().push(name) }
        };
        let mut tickets: Vec<_> =
            (0..100).map(|number| submit(&scheduler, "flood", job(format!("flood {number}")))).collect();
        for tenant in ["a", "b"] {
            tickets.extend((0..2).map(|number| submit(&scheduler, tenant, job(format!("{tenant} {number}")))));
        }
        gate.open.notify_one();
        first.await.unwrap();
        for ticket in tickets {
            ticket.await.unwrap();
        }
        // Each tenant's turn is one job.
        let order = order.lock().unwrap();
        assert_eq!(order[..6], ["a 0", "b 0", "flood 0", "a 1", "b 1", "flood 1"], "{order:?}");
        assert_eq!(order.len(), 104);
    });
}

#[test]
fn a_job_that_waits_is_cancelled_unstarted() {
    run(async {
        let scheduler = scheduler(1);
        let (gate, first) = Gate::new(&scheduler, "acme").await;
        let started = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&started);
        let second = submit(&scheduler, "acme", async move { count.fetch_add(1, Ordering::SeqCst) });
        second.cancel();
        assert_eq!(second.await, Err(JobEnd::Cancelled));
        assert_eq!(scheduler.load(), Load { running: 1, waiting: 0, tenants: 1 });
        gate.open.notify_one();
        first.await.unwrap();
        submit(&scheduler, "acme", async {}).await.unwrap();
        assert_eq!(started.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_job_that_runs_is_cancelled_where_it_stands() {
    run(async {
        let scheduler = scheduler(1);
        let (_gate, first) = Gate::new(&scheduler, "acme").await;
        let next = submit(&scheduler, "acme", async { "next" });
        let handle = first.cancel_handle();
        handle.cancel();
        assert_eq!(first.await, Err(JobEnd::Cancelled));
        assert_eq!(next.await.unwrap(), "next", "the worker is free again");
        handle.cancel();
    });
}

#[test]
fn dropping_a_ticket_does_not_cancel() {
    run(async {
        let scheduler = scheduler(1);
        let done = Arc::<Notify>::default();
        let tell = Arc::clone(&done);
        drop(submit(&scheduler, "acme", async move {
            tokio::task::yield_now().await;
            tell.notify_one();
        }));
        done.notified().await;
    });
}

#[test]
fn a_deadline_counts_from_submission_and_ends_waiting_and_running_jobs() {
    run(async {
        let scheduler = scheduler(1);
        let soon = Duration::from_millis(20);
        let terms = Terms { deadline: Some(soon) };
        let (gate, first) = Gate::new(&scheduler, "acme").await;
        let waiting = scheduler.submit("acme", terms, async {}).unwrap();
        assert_eq!(waiting.await, Err(JobEnd::DeadlinePassed(soon)));
        gate.open.notify_one();
        first.await.unwrap();
        let running = scheduler.submit("acme", terms, pending::<()>()).unwrap();
        assert_eq!(running.await, Err(JobEnd::DeadlinePassed(soon)));
        assert_eq!(scheduler.load(), Load::default());
    });
}

#[test]
fn a_panic_ends_the_job_and_frees_the_worker() {
    run(async {
        let scheduler = scheduler(1);
        let panics = submit(&scheduler, "acme", async { panic!("seven is not {}", 8) });
        assert_eq!(panics.await, Err::<(), _>(JobEnd::Panicked("seven is not 8".to_owned())));
        assert_eq!(submit(&scheduler, "acme", async { 1 }).await, Ok(1));
    });
}

#[test]
fn full_queues_refuse() {
    run(async {
        let limits = SchedulerLimits { workers: 1, waiting_per_tenant: 2, waiting: 3 };
        let scheduler = Scheduler::new(limits);
        let (gate, first) = Gate::new(&scheduler, "a").await;
        let submit = |tenant: &str| scheduler.submit(tenant, Terms::default(), async {});
        let waiting = [submit("a").unwrap(), submit("a").unwrap()];
        let refused = submit("a").unwrap_err();
        assert_eq!(refused, SubmitError::TenantQueueFull { tenant: "a".to_owned(), limit: 2 });
        let other = submit("b").unwrap();
        assert_eq!(submit("c").unwrap_err(), SubmitError::QueueFull(3));
        gate.open.notify_one();
        first.await.unwrap();
        for ticket in waiting {
            ticket.await.unwrap();
        }
        other.await.unwrap();
        submit("a").unwrap().await.unwrap();
    });
}

#[test]
fn a_shutdown_lets_running_jobs_end_and_drops_those_that_wait() {
    run(async {
        let scheduler = scheduler(1);
        let (gate, running) = Gate::new(&scheduler, "acme").await;
        let waiting = submit(&scheduler, "acme", async {});
        let other = submit(&scheduler, "other", async {});
        let down = tokio::spawn({
            let scheduler = scheduler.clone();
            async move { scheduler.shutdown(Duration::from_secs(600)).await }
        });
        assert_eq!(waiting.await, Err(JobEnd::ShutDown));
        assert_eq!(other.await, Err(JobEnd::ShutDown));
        assert_eq!(scheduler.submit("acme", Terms::default(), async {}).unwrap_err(), SubmitError::ShutDown);
        gate.open.notify_one();
        assert_eq!(running.await, Ok(()));
        assert_eq!(down.await.unwrap(), Shutdown { cut_short: 0 });
    });
}

#[test]
fn a_shutdown_without_grace_ends_running_jobs() {
    run(async {
        let scheduler = scheduler(2);
        let (_gate, running) = Gate::new(&scheduler, "acme").await;
        let (_other, also) = Gate::new(&scheduler, "other").await;
        assert_eq!(scheduler.shutdown(Duration::ZERO).await, Shutdown { cut_short: 2 });
        assert_eq!(running.await, Err(JobEnd::ShutDown));
        assert_eq!(also.await, Err(JobEnd::ShutDown));
        assert_eq!(scheduler.load(), Load::default());
        assert_eq!(scheduler.shutdown(Duration::ZERO).await, Shutdown { cut_short: 0 });
    });
}

#[test]
fn any_mixture_of_ends_leaves_nothing_behind() {
    run(async {
        let scheduler = scheduler(4);
        let running = Arc::<Mutex<std::collections::HashSet<usize>>>::default();
        let tickets: Vec<_> = (0..2_000)
            .map(|number| {
                let tenant = number * 7 % 13;
                let running = Arc::clone(&running);
                let ticket = submit(&scheduler, &format!("tenant-{tenant}"), async move {
                    /// Takes the tenant out again however the job ends.
                    struct Out(Arc<Mutex<std::collections::HashSet<usize>>>, usize);
                    impl Drop for Out {
                        fn drop(&mut self) {
                            self.0.lock().unwrap().remove(&self.1);
                        }
                    }
                    assert!(running.lock().unwrap().insert(tenant), "two jobs of a tenant at once");
                    let _out = Out(running, tenant);
                    for _ in 0..number % 5 {
                        tokio::task::yield_now().await;
                    }
                    assert!(number % 17 != 0, "an odd one out");
                    number
                });
                if number % 3 == 0 {
                    ticket.cancel();
                }
                ticket
            })
            .collect();
        for (number, ticket) in tickets.into_iter().enumerate() {
            match ticket.await {
                Ok(result) => assert_eq!(result, number),
                Err(JobEnd::Cancelled) => assert_eq!(number % 3, 0),
                Err(JobEnd::Panicked(_)) => assert_eq!(number % 17, 0),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(scheduler.load(), Load::default());
    });
}
