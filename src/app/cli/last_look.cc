// SPDX-License-Identifier: Apache-2.0
#include "app/cli/last_look.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/json.h"

namespace caisson::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// More than anybody reads; the rest is counted nowhere but in the sample itself.
constexpr std::size_t most_unknown = 100;

json::value value_of(const std::optional<seconds>& age) {
    return age ? json::value(age->count()) : json::value(nullptr);
}

std::optional<seconds> age_in(const json::object& from, std::string_view key) {
    const auto& value = from.at(key);
    return value.is_null() ? std::nullopt : std::optional(seconds(value.to_number<std::int64_t>()));
}

LastLook look_in(const json::object& from) {
    LastLook look;
    look.at = parse_moment(from.at("at").as_string().c_str()).value();
    look.interval = milliseconds(from.at("interval_ms").to_number<std::int64_t>());
    look.collects = from.at("collects").as_bool();
    for (const auto& each : from.at("unknown").as_array()) {
        look.unknown.push_back({each.at("what").as_string().c_str(),
                                each.at("whose").as_string().c_str(),
                                each.at("why").as_string().c_str()});
    }
    look.backup = age_in(from, "backup_age");
    look.proof = age_in(from, "proof_age");
    return look;
}

}  // namespace

LastLook look_of(const monitor::Sample& sample, milliseconds interval) {
    LastLook look;
    look.at = std::chrono::floor<seconds>(sample.at);
    look.interval = interval;
    for (const auto& unknown : sample.unknowns) {
        if (look.unknown.size() < most_unknown) {
            look.unknown.push_back({unknown.what, monitor::text_of(unknown.labels), unknown.why});
        }
    }
    const auto age = [&](std::string_view metric) -> std::optional<seconds> {
        const auto value = monitor::value_of(sample, metric);
        return value ? std::optional(seconds(static_cast<std::int64_t>(*value))) : std::nullopt;
    };
    look.backup = age("backups.newest_age");
    look.proof = age("backups.proof_age");
    return look;
}

std::string to_text(const LastLook& look) {
    json::array unknown;
    for (const auto& each : look.unknown) {
        unknown.push_back({{"what", each.what}, {"whose", each.whose}, {"why", each.why}});
    }
    return json_text(json::object{{"at", timestamp(look.at)},
                                  {"interval_ms", look.interval.count()},
                                  {"collects", look.collects},
                                  {"unknown", std::move(unknown)},
                                  {"backup_age", value_of(look.backup)},
                                  {"proof_age", value_of(look.proof)}});
}

std::optional<LastLook> parse_look(std::string_view text) {
    try {
        return look_in(json::parse(text).as_object());
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

fs::path look_file(const trust::Run& run) { return run.state.root / "monitor" / "last.json"; }

std::optional<LastLook> read_look(const trust::Run& run) {
    const auto text = read_own(look_file(run));
    return text ? parse_look(*text) : std::nullopt;
}

void write_look(const trust::Run& run, const LastLook& look) {
    make_directory(look_file(run).parent_path(), 0750, run.account);
    write_file(look_file(run), to_text(look), 0640, run.account);
}

}  // namespace caisson::cli
