//! The day's API requests: counted, shown, and at an end some time.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::catalogue;

/// API requests of the day.
#[derive(Debug)]
pub(crate) struct Usage {
    used: AtomicU64,
    limit: AtomicU64,
}

impl Usage {
    pub(crate) fn new(limit: u64) -> Self {
        Self { used: AtomicU64::new(0), limit: AtomicU64::new(limit) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// `REQUEST_LIMIT_EXCEEDED` (H) when the day's requests are used up.
    pub(crate) fn count(&self) -> Result<(), ApiError> {
        let limit = self.limit.load(Ordering::Relaxed);
        let counted =
            self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| (used < limit).then_some(used + 1));
        match counted {
            Ok(_) => Ok(()),
            Err(_) => Err(ApiError::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        }
    }

    /// Requests that the day had and may have.
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.used.load(Ordering::Relaxed), self.limit.load(Ordering::Relaxed))
    }

    /// Sets how many requests the day had.
    pub(crate) fn set_used(&self, used: u64) {
        self.used.store(used, Ordering::Relaxed);
    }

    /// Whether the day's requests are used up. Signing in is no request of the day, but it is refused then too (M).
    pub(crate) fn is_used_up(&self) -> bool {
        let (used, limit) = self.read();
        used >= limit
    }

    /// Sets the day's limit.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Used and limit: `api-usage=18/15000` means 18 used (H).
    pub(crate) fn header(&self) -> String {
        let (used, limit) = self.read();
        format!("api-usage={used}/{limit}")
    }
}

/// How many records of some objects there are; of all, if the request names none. Salesforce counts from time to time.
pub(super) fn record_count(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let wanted: Option<Vec<&str>> =
        request.parameter("sObjects").map(|names| names.split(',').map(str::trim).collect());
    let mut counts = Vec::new();
    for object in catalogue::OBJECTS {
        if wanted.as_ref().is_some_and(|names| !names.iter().any(|name| name.eq_ignore_ascii_case(object.name))) {
            continue;
        }
        let alive = if object.recycled { "WHERE IsDeleted = 0" } else { "" };
        let sql = format!("SELECT count(*) FROM \"{}\" {alive}", object.name);
        let count: i64 = context.actor.db.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        counts.push(json!({"count": count, "name": object.name}));
    }
    Ok(Response::json(200, &json!({"sObjects": counts})))
}

/// The other limits of a recorded answer (H for the names), none of which the emulator uses up.
const UNUSED: &[(&str, u64)] = &[
    ("AnalyticsExternalDataSizeMB", 40_960),
    ("CdpAiInferenceApiMonthlyLimit", 500_000_000),
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentEinsteinDataInsightsStoryCreation", 5),
    ("ConcurrentEinsteinDiscoveryStoryCreation", 2),
    ("ConcurrentSyncReportRuns", 20),
    ("ContentDistBandwidthLimitMB", 51_200),
    ("ContentDistViewLimit", 50_000),
    ("ContentPublicationLimit", 2500),
    ("DailyAnalyticsDataflowJobExecutions", 60),
    ("DailyAnalyticsUploadedFilesSizeMB", 51_200),
    ("DailyApexCursorLimit", 10_000),
    ("DailyApexCursorRowsLimit", 100_000_000),
    ("DailyApexPCursorLimit", 200_000),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyAsyncApexTests", 500),
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryFileStorageMB", 976_562),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DailyDeliveredPlatformEvents", 10_000),
    ("DailyDurableGenericStreamingApiEvents", 10_000),
    ("DailyDurableStreamingApiEvents", 10_000),
    ("DailyEinsteinDataInsightsStoryCreation", 1000),
    ("DailyEinsteinDiscoveryOptimizationJobRuns", 25),
    ("DailyEinsteinDiscoveryPredictAPICalls", 50_000),
    ("DailyEinsteinDiscoveryPredictionsByCDC", 500_000),
    ("DailyEinsteinDiscoveryStoryCreation", 100),
    ("DailyFunctionsApiCallLimit", 50_000),
    ("DailyGenericStreamingApiEvents", 10_000),
    ("DailyMetadataRetrievesWithDependencies", 25),
    ("DailyServiceEmailAgentforceCalls", 5000),
    ("DailyStandardVolumePlatformEvents", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DailyWorkflowEmails", 8040),
    ("DataStorageMB", 10_240),
    ("DurableStreamingApiConcurrentClients", 20),
    ("ExternalServicesActiveObjects", 3000),
    ("ExternalServicesActiveOperations", 3000),
    ("ExternalServicesObjectProperties", 400_000),
    ("ExternalServicesObjects", 10_000),
    ("ExternalServicesOperations", 10_000),
    ("ExternalServicesRegistrations", 700),
    ("FileStorageMB", 20),
    ("HourlyAsyncReportRuns", 1200),
    ("HourlyDashboardRefreshes", 200),
    ("HourlyDashboardResults", 5000),
    ("HourlyDashboardStatuses", 999_999_999),
    ("HourlyElevateAsyncReportRuns", 1200),
    ("HourlyElevateSyncReportRuns", 500),
    ("HourlyLongTermIdMapping", 100_000),
    ("HourlyManagedContentPublicRequests", 50_000),
    ("HourlyODataCallout", 1000),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("HourlyPublishedStandardVolumePlatformEvents", 1000),
    ("HourlyShortTermIdMapping", 100_000),
    ("HourlySyncReportRuns", 500),
    ("HourlyTimeBasedWorkflow", 1000),
    ("MassEmail", 10),
    ("MaxContentDocumentsLimit", 30_000_000),
    ("MonthlyEinsteinDiscoveryStoryCreation", 500),
    ("Package2VersionCreates", 6),
    ("Package2VersionCreatesWithoutValidation", 500),
    ("PermissionSets", 1500),
    ("PlatformEventTriggersWithParallelProcessing", 5),
    ("PrivateConnectOutboundCalloutHourlyLimitMB", 0),
    ("PublishCallbackUsageInApex", 5_242_880),
    ("ScheduledFlowRunLimit", 250_000),
    ("ScheduledPathRunLimit", 250_000),
    ("SingleEmail", 15),
    ("StreamingApiConcurrentClients", 20),
];

pub(super) fn show(context: &Context<'_>) -> Response {
    let limit = context.usage.limit.load(Ordering::Relaxed);
    let remaining = limit.saturating_sub(context.usage.used.load(Ordering::Relaxed));
    let mut limits: Map<String, Value> =
        UNUSED.iter().map(|(name, max)| ((*name).to_owned(), json!({"Max": max, "Remaining": max}))).collect();
    limits.insert("DailyApiRequests".to_owned(), json!({"Max": limit, "Remaining": remaining}));
    Response::json(200, &limits)
}
