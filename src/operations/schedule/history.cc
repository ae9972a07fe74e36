// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/history.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::schedule {
namespace {

namespace json = boost::json;

/// What clocks of several hosts, and their adjustment, may differ by.
constexpr std::chrono::hours tolerance{1};

bool bring_back(std::optional<Moment>& moment, Moment now) {
    const bool is_ahead = moment && *moment > now + tolerance;
    if (is_ahead) {
        moment = now;
    }
    return is_ahead;
}

bool bring_back(Record& record, Moment now) {
    bool changed = bring_back(record.success, now);
    changed |= bring_back(record.failure, now);
    changed |= bring_back(record.running, now);
    if (bring_back(record.occurrence, now)) {
        // What was due until now by this clock was done by the other one.
        record.since = now;
        changed = true;
    }
    if (record.since > now + tolerance) {
        record.since = now;
        changed = true;
    }
    return changed;
}

void add(json::object& object, std::string_view name, const std::optional<Moment>& moment) {
    if (moment) {
        object[name] = timestamp(*moment);
    }
}

std::optional<Moment> moment_of(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(name);
    if (!found) {
        return std::nullopt;
    }
    const auto moment = parse_moment(std::string_view(found->as_string()));
    if (!moment) {
        throw std::invalid_argument(std::string(name));
    }
    return moment;
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(name);
    return found ? std::string(found->as_string()) : std::string();
}

/// Older histories do not count.
std::uint64_t number_of(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(name);
    return found ? found->to_number<std::uint64_t>() : 0;
}

Record record_of(const json::object& object) {
    Record record;
    record.since = moment_of(object, "since").value();
    record.occurrence = moment_of(object, "occurrence");
    record.running = moment_of(object, "running");
    record.success = moment_of(object, "success");
    record.failure = moment_of(object, "failure");
    record.failures = static_cast<int>(object.at("failures").to_number<std::int64_t>());
    record.mistake = text_of(object, "mistake");
    record.host = text_of(object, "host");
    record.complaint = text_of(object, "complaint");
    record.succeeded = number_of(object, "succeeded");
    record.failed = number_of(object, "failed");
    record.took = std::chrono::seconds(number_of(object, "took"));
    return record;
}

History parse(const std::string& text) {
    History history;
    const auto value = json::parse(text);
    for (const auto& member : value.as_object()) {
        history.jobs[std::string(member.key())] = record_of(member.value().as_object());
    }
    return history;
}

}  // namespace

History settled(History history, const std::vector<Job>& jobs, Moment now,
                std::vector<std::string>& notes) {
    for (auto& [name, record] : history.jobs) {
        if (bring_back(record, now)) {
            notes.push_back(fmt::format(
                "the history of {} was ahead of the clock, which is at {}: it goes on from now",
                name, minute_text(now)));
        }
    }
    for (const auto& job : jobs) {
        history.jobs.try_emplace(job.name, Record{now, {}, {}, {}, {}, 0, {}, {}});
    }
    return history;
}

History begun(History history, const std::string& job, Moment occurrence, Moment now,
              const std::string& host) {
    auto& record = history.jobs[job];
    if (record.occurrence != occurrence) {
        record.failures = 0;
    }
    record.occurrence = occurrence;
    record.running = now;
    record.host = host;
    return history;
}

History ended(History history, const std::string& job, Moment now, const std::string& mistake,
              const std::string& complaint) {
    auto& record = history.jobs[job];
    if (mistake.empty() && record.running) {
        // A clock that went back meanwhile makes no negative time.
        record.took = std::max(now - *record.running, std::chrono::seconds(0));
    }
    record.running.reset();
    ++(mistake.empty() ? record.succeeded : record.failed);
    if (mistake.empty()) {
        record.success = now;
        record.failures = 0;
        record.mistake.clear();
        record.complaint = complaint;
    } else {
        record.failure = now;
        ++record.failures;
        record.mistake = mistake;
    }
    return history;
}

History interrupted(History history, Moment now, std::vector<std::string>& notes) {
    for (const auto& [name, record] : std::map(history.jobs)) {
        if (record.running) {
            auto mistake = fmt::format("the run of {} on {} did not tell its end",
                                       minute_text(*record.running), record.host);
            notes.push_back(fmt::format("{}: {}", name, mistake));
            history = ended(std::move(history), name, now, mistake);
        }
    }
    return history;
}

std::string to_json(const History& history) {
    std::string text = "{\n";
    for (const auto& [name, record] : history.jobs) {
        json::object object;
        add(object, "since", record.since);
        add(object, "occurrence", record.occurrence);
        add(object, "running", record.running);
        add(object, "success", record.success);
        add(object, "failure", record.failure);
        object["failures"] = record.failures;
        if (!record.mistake.empty()) {
            object["mistake"] = record.mistake;
        }
        object["host"] = record.host;
        if (!record.complaint.empty()) {
            object["complaint"] = record.complaint;
        }
        object["succeeded"] = record.succeeded;
        object["failed"] = record.failed;
        object["took"] = record.took.count();
        text +=
            fmt::format("  {}: {}{}\n", json::serialize(json::value(name)), json::serialize(object),
                        name == history.jobs.rbegin()->first ? "" : ",");
    }
    return text + "}\n";
}

History load(const fs::path& file, std::vector<std::string>& notes) {
    const auto text = read_own(file);
    if (!text) {
        return {};
    }
    try {
        return parse(*text);
    } catch (const std::exception&) {
        notes.push_back(
            fmt::format("{} cannot be read as a history of jobs: the schedule begins anew from now",
                        file.filename().string()));
        return {};
    }
}

void set_aside(const fs::path& file) {
    auto beside = file;
    beside += ".broken";
    std::error_code ignored;
    fs::rename(file, beside, ignored);
}

void save(const fs::path& file, const History& history, const std::optional<Account>& owner) {
    write_file(file, to_json(history), 0600, owner);
}

}  // namespace caisson::schedule
