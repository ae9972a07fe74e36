// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was read of servers and host at a moment. Values only; catalogue.h says what they mean.
/// Threads: values.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/fwd.hpp>

namespace caisson::monitor {

/// Milliseconds since the epoch, in UTC.
using At = std::chrono::sys_time<std::chrono::milliseconds>;

/// In the order in which the catalogue names them.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// One figure. Times are in seconds, sizes in bytes, shares in percent, moments in seconds since
/// the epoch, yes is 1 and no is 0.
struct Reading {
    std::string_view metric;  ///< Name of a row of the catalogue: lives for ever.
    Labels labels;
    double value = 0;
};

/// What could not be read, and why. Never to be taken for fine. Of a group that is unknown, single
/// readings may be there all the same (`server.up` of a server that is away): these count.
struct Unknown {
    std::string what;  ///< A group of the catalogue ("locks"), or one metric of it.
    Labels labels;     ///< Of whom; empty: of all.
    std::string why;
};

/// Who stands behind a figure, in a line for people: the session that a longest time is of. It is
/// told in messages and is never a label, so that series stay bounded.
struct Witness {
    std::string_view metric;
    Labels labels;
    std::string text;  ///< Without constants of its statement.
};

/// Where figures cannot be compared with those before: a reset, a restart, a pause.
struct Gap {
    std::string what;  ///< A group of the catalogue; "" for the whole sample.
    std::string why;
};

struct Sample {
    At at{};                        ///< When its reading began.
    std::vector<Reading> readings;  ///< Sorted by metric, then labels, once finished.
    std::vector<Unknown> unknowns;
    /// What will be known once it was watched for long enough: no fault, and no more fine than what
    /// is unknown.
    std::vector<Unknown> too_young;
    /// What the server was told not to measure (track_io_timing off): no fault, and never zero.
    std::vector<Unknown> unmeasured;
    std::vector<Gap> gaps;
    std::vector<Witness> witnesses;
    /// When each group was read last: what is expensive is carried over from sample to sample.
    std::map<std::string, At, std::less<>> read_at;
    std::chrono::microseconds took{0};

    void add(std::string_view metric, double value, Labels labels = {});
    /// Sorts; to be called once everything is in.
    void finish();
};

/// The reading of a metric with these labels (a subset suffices when it is unique; of several, the
/// first). Nothing when there is none.
std::optional<double> value_of(const Sample& sample, std::string_view metric,
                               const Labels& labels = {});
/// Who stands behind a reading; empty: nobody was noted.
std::string_view witness_of(const Sample& sample, std::string_view metric, const Labels& labels);
/// All series of a metric.
std::vector<const Reading*> series_of(const Sample& sample, std::string_view metric);
/// Why a metric (or its group) is unknown, too young, or not measured, for these labels; nothing
/// when it is none of them.
const Unknown* unknown_of(const Sample& sample, std::string_view metric, const Labels& labels = {});
/// Why a metric is not measured; nothing when it is.
const Unknown* unmeasured_of(const Sample& sample, std::string_view metric);
/// The value of a label; empty when it has none.
std::string_view label_of(const Labels& labels, std::string_view name);
/// `datname=main,mode=ExclusiveLock`: one text for one set of labels.
std::string text_of(const Labels& labels);
/// `{"datname": "main", "mode": "ExclusiveLock"}`.
boost::json::object json_of(const Labels& labels);

}  // namespace caisson::monitor
