// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/reading.h"
#include "platform/shape.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

using std::chrono::hours;

constexpr std::array<std::string_view, 5> periods = {"set", "day", "week", "month", "year"};

void read_repository(Reading& reading, const Member& member, Backups& backups) {
    const Node& section = member.value;
    Repository repository;
    repository.name = member.key;
    repository.place = member.place;
    repository.path = referring_text(reading, section, "path");
    repository.s3_bucket = referring_text(reading, section, "s3_bucket");
    repository.s3_endpoint = referring_text(reading, section, "s3_endpoint");
    repository.s3_region = referring_text(reading, section, "s3_region");
    repository.s3_key = referring_text(reading, section, "s3_key");
    repository.s3_secret = referring_text(reading, section, "s3_secret");
    if (repository.path.empty() == repository.s3_bucket.empty()) {
        reading.mistake(
            member.place,
            fmt::format("the repository \"{}\" has {}; expected one of path and "
                        "s3_bucket",
                        member.key, repository.path.empty() ? "no place" : "two places"));
    } else if (repository.is_s3() &&
               (repository.s3_endpoint.empty() || repository.s3_region.empty() ||
                repository.s3_key.empty() || repository.s3_secret.empty())) {
        reading.mistake(member.place,
                        fmt::format("the repository \"{}\" is a bucket; expected s3_endpoint, "
                                    "s3_region, s3_key and s3_secret beside it",
                                    member.key));
    }
    // What begins with a reference is judged when its value is known.
    if (!repository.path.empty() && repository.path.front() != '/' &&
        !repository.path.starts_with("${")) {
        reading.mistake(section.find("path")->place,
                        fmt::format("the path of the repository \"{}\" is \"{}\"; expected an "
                                    "absolute one, such as /srv/backups",
                                    member.key, repository.path));
    }
    backups.repositories.push_back(std::move(repository));
}

void read_tier(Reading& reading, const Member& member, Backups& backups) {
    const Node& section = member.value;
    Tier tier;
    tier.name = member.key;
    tier.place = member.place;
    tier.repository = text_of(section, "repository", backups.repositories.front().name);
    tier.keep = parse_keep(text_of(section, "keep", "30d")).value_or(Keep{});
    const auto every = text_of(section, "every", "set");
    tier.every = static_cast<Every>(std::ranges::find(periods, every) - periods.begin());
    tier.is_self_contained = boolean_of(section, "self_contained", false);
    if (!backups.repository(tier.repository)) {
        std::vector<std::string> known;
        for (const auto& repository : backups.repositories) {
            known.push_back(repository.name);
        }
        reading.mistake(
            section.find("repository")->place,
            fmt::format("there is no repository \"{}\" in [backups.repositories]", tier.repository),
            suggestion(tier.repository, known));
    }
    backups.tiers.push_back(std::move(tier));
}

void read_mask(Reading& reading, const Member& member, Backups& backups) {
    const auto parts = split(member.key, '.');
    if (parts.size() < 2 || parts.size() > 3 ||
        std::ranges::any_of(parts, [](const std::string& part) { return part.empty(); })) {
        reading.mistake(member.place,
                        fmt::format("the mask is for \"{}\"; expected \"table.column\" or "
                                    "\"schema.table.column\"",
                                    member.key));
    }
    backups.masks[member.key] = member.value.text;
}

std::chrono::milliseconds duration_of(const Node& section, std::string_view key,
                                      std::chrono::milliseconds fallback) {
    return section.find(key) ? parse_duration(text_of(section, key)).value_or(fallback) : fallback;
}

int integer_of(const Node& section, std::string_view key, int fallback) {
    const Node* const node = section.find(key);
    return node ? static_cast<int>(std::min<std::int64_t>(node->integer, 1'000'000)) : fallback;
}

void check_limits(Reading& reading, const Node& section, const Backups& backups) {
    struct Limit {
        std::string_view key;
        int value;
        int most;
    };
    for (const auto& limit :
         {Limit{"level", backups.level, 19}, Limit{"processes", backups.processes, 64}}) {
        if (limit.value > limit.most) {
            reading.mistake(section.find(limit.key)->place,
                            fmt::format("backups.{} is {}; expected 1 to {}", limit.key,
                                        limit.value, limit.most));
        }
    }
    for (const std::string_view key : {"heartbeat", "archive_timeout"}) {
        const auto value = key == "heartbeat" ? backups.heartbeat : backups.archive_timeout;
        if (value < std::chrono::seconds(1) || value > hours(1)) {
            reading.mistake(section.find(key)->place,
                            fmt::format("backups.{} is {}; expected from 1s to 1h", key,
                                        section.find(key)->text));
        }
    }
}

void read_schedule(Reading& reading, const Node& section, Backups& backups) {
    for (const auto& job : members_of(section, "schedule")) {
        if (job.key == "jitter") {
            backups.jitter = parse_duration(job.value.text).value_or(backups.jitter);
        } else {
            backups.schedule[job.key] = job.value.text;
        }
    }
    if (backups.jitter > hours(12)) {
        reading.mistake(section.find("schedule")->find("jitter")->place,
                        "a jitter of more than twelve hours; expected at most \"12h\"");
    }
}

}  // namespace

const std::vector<std::string>& backup_jobs() {
    static const std::vector<std::string> jobs = {"full",  "differential", "incremental", "logical",
                                                  "check", "drill",        "small_drill", "prune"};
    return jobs;
}

const Repository* Backups::repository(std::string_view name) const {
    const auto found = std::ranges::find(repositories, name, &Repository::name);
    return found == repositories.end() ? nullptr : &*found;
}

std::optional<Keep> parse_keep(std::string_view text) {
    text = trim(text);
    int figure = 0;
    const auto* const end = text.data() + text.size();
    const auto [unit, failure] = std::from_chars(text.data(), end, figure);
    if (failure != std::errc() || figure < 1 || figure > 100'000) {
        return std::nullopt;
    }
    Keep keep;
    keep.text = std::string(text);
    const std::string_view name(unit, static_cast<std::size_t>(end - unit));
    if (name.empty()) {
        keep.count = figure;
        return keep;
    }
    constexpr std::array<std::pair<std::string_view, int>, 5> units = {
        {{"h", 1}, {"d", 24}, {"w", 7 * 24}, {"mo", 31 * 24}, {"y", 366 * 24}}};
    const auto* const found =
        std::ranges::find_if(units, [&](const auto& each) { return each.first == name; });
    if (found == units.end()) {
        return std::nullopt;
    }
    keep.age = hours(std::int64_t{figure} * found->second);
    return keep;
}

void read_backups(Reading& reading) {
    auto& backups = reading.manifest.backups;
    const Node* const section = reading.document.find("backups");
    static const Node nothing{};
    const Node& given = section ? *section : nothing;
    backups.is_declared = section != nullptr;
    backups.physical = boolean_of(given, "physical", backups.physical);
    backups.logical = boolean_of(given, "logical", backups.logical);
    backups.redis = boolean_of(given, "redis", backups.redis);
    backups.encrypt = boolean_of(given, "encrypt", backups.encrypt);
    backups.stream = boolean_of(given, "stream", backups.stream);
    backups.key = referring_text(reading, given, "key");
    backups.data = referring_text(reading, given, "data");
    backups.level = integer_of(given, "level", backups.level);
    backups.processes = integer_of(given, "processes", backups.processes);
    backups.heartbeat = duration_of(given, "heartbeat", backups.heartbeat);
    backups.archive_timeout = duration_of(given, "archive_timeout", backups.archive_timeout);
    check_limits(reading, given, backups);
    for (const auto& member : members_of(given, "repositories")) {
        read_repository(reading, member, backups);
    }
    if (backups.repositories.empty()) {
        Repository local;
        local.name = "local";
        backups.repositories.push_back(local);
    }
    for (const auto& member : members_of(given, "tiers")) {
        read_tier(reading, member, backups);
    }
    if (backups.tiers.empty()) {
        backups.tiers.push_back({"local", backups.repositories.front().name, *parse_keep("30d"),
                                 Every::set, false, backups.repositories.front().place});
    }
    read_schedule(reading, given, backups);
    for (const auto& member : members_of(given, "undone")) {
        backups.undone[member.key] = member.value.text;
    }
    for (const auto& member : members_of(given, "masks")) {
        read_mask(reading, member, backups);
    }
}

}  // namespace caisson::platform
