// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The figures of metrics.h as OpenMetrics, which has room for exemplars: of a bucket of a
/// histogram, one request that fell into it. Source: OpenMetrics 1.0
/// (prometheus.io/docs/specs/om/open_metrics_spec).

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"

namespace caisson::metrics {

/// The newest measurement of each bucket, with what it was. Threads: any.
class Exemplars {
 public:
    /// `label`: such as `request_id` and an id. One that is longer than OpenMetrics allows (128
    /// characters of name and value) is not kept.
    void add(const std::string& histogram, const Labels& labels, double value,
             std::pair<std::string, std::string> label,
             const std::vector<double>& bounds = latency_bounds());

 private:
    friend class OpenMetricsText;
    struct Exemplar {
        std::pair<std::string, std::string> label;
        double value = 0;
        std::chrono::system_clock::time_point at;
    };
    /// That of a series (`name{labels}`) above the one bound, up to the other.
    std::optional<Exemplar> find(const std::string& series, double above, double upto) const;

    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::size_t, Exemplar>, std::less<>> newest_;
};

/// Registry::text(), or several of them after one another, as OpenMetrics. Families of one name
/// become one. A counter whose name does not end with `_total` is of unknown type, as in
/// Prometheus' own libraries: dashboards know these names.
std::string open_metrics(std::string_view text, const Exemplars& exemplars);

/// Whether who sends this Accept header would rather have OpenMetrics.
bool prefers_open_metrics(std::string_view accept);

/// The media type of open_metrics().
inline constexpr const char* open_content_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace caisson::metrics
