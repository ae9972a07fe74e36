// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/daemon/pools.h"
#include "app/daemon/prober.h"
#include "base/metrics.h"
#include "base/open_metrics.h"
#include "drivers/http/server.h"

namespace caisson::daemon {

/// The time that `share` of the requests took at most, between the bounds of the bucket in which it
/// lies; beyond the last bound it is that one. Nothing for fewer than 20. Pure.
std::optional<double> quantile_of(const std::vector<double>& bounds,
                                  const std::vector<std::uint64_t>& buckets, double share);

/// The daemon's figures for Prometheus. Labels are bounded: routes are patterns, methods are known
/// ones.
class Figures {
 public:
    Figures(const std::string& version, const std::string& platform,
            const std::string& environment);

    /// Counts an exchange. Threads: the server's I/O thread.
    void count(const http::Exchange& exchange);
    void count(const Verification& verification);
    /// What was counted of requests; its share of pools and migrations is empty. Threads: one at a
    /// time, beside those that count.
    Own own();

    /// What is looked at when somebody scrapes.
    struct Sample {
        std::size_t connections = 0;
        std::size_t in_flight = 0;
        std::uint64_t restarts = 0;
        std::vector<std::pair<std::string, PoolFigures>> pools;
        std::shared_ptr<const Finding> finding;
        const std::vector<Probe>& probes;
    };
    std::string text(const Sample& sample);
    /// Requests that stand for those of their bucket.
    const metrics::Exemplars& exemplars() const { return exemplars_; }

 private:
    void set_pool(const std::string& database, const PoolFigures& pool);
    void set_probes(const Finding& finding, const std::vector<Probe>& probes);

    metrics::Registry registry_;
    std::map<std::string, metrics::Counter> requests_;
    std::map<std::string, metrics::Histogram> durations_;
    metrics::Exemplars exemplars_;

    std::mutex mutex_;  ///< Of what follows.
    std::uint64_t answered_ = 0;
    std::uint64_t failed_ = 0;
    std::vector<std::uint64_t> recent_;  ///< Requests since own(), by the bucket of their time.
};

}  // namespace caisson::daemon
