// SPDX-License-Identifier: Apache-2.0
#include "app/cli/cache_report.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace caisson::cli {
namespace {

using cache::Cleaned;
using cache::PatternCount;
using cache::Remedy;
using cache::Standing;
using OnMissing = platform::CacheKey::OnMissing;

constexpr std::size_t most_shapes = 20;

std::string_view name_of(Standing standing) {
    constexpr std::array names = {"right", "missing", "too_long", "mortal", "unknown"};
    return names[static_cast<std::size_t>(standing)];
}

std::string_view name_of(Remedy remedy) {
    constexpr std::array names = {"none", "set", "shorten", "delete"};
    return names[static_cast<std::size_t>(remedy)];
}

std::string memory_text(std::uint64_t bytes, const cache::Report& report) {
    if (report.sample == 0 || !report.memory_refused.empty()) {
        return "";
    }
    return (report.sample > 1 ? "~" : "") + human_bytes(bytes);
}

/// Zero is no news.
std::string figure(std::uint64_t number) { return number == 0 ? "" : std::to_string(number); }

bool removes(const PatternCount& pattern) {
    return pattern.declared.on_missing == OnMissing::remove;
}

/// What was done to keys of a pattern, or would be.
struct Deeds {
    std::uint64_t set = 0;
    std::uint64_t shortened = 0;
    std::uint64_t removed = 0;
    std::uint64_t overtaken = 0;
    std::uint64_t total() const { return set + shortened + removed; }
};

Deeds deeds_of(const PatternCount& pattern, bool applied) {
    if (!applied) {
        return {removes(pattern) ? 0 : pattern.missing, pattern.too_long,
                removes(pattern) ? pattern.missing : 0, 0};
    }
    return {pattern.set.done, pattern.shortened.done, pattern.removed.done,
            pattern.set.overtaken + pattern.shortened.overtaken + pattern.removed.overtaken};
}

Deeds deeds_of(const cache::Report& report, bool applied) {
    Deeds sum;
    for (const auto& pattern : report.patterns) {
        const auto deeds = deeds_of(pattern, applied);
        sum.set += deeds.set;
        sum.shortened += deeds.shortened;
        sum.removed += deeds.removed;
        sum.overtaken += deeds.overtaken;
    }
    return sum;
}

std::string text_of(const Deeds& deeds, bool applied, const std::string& ttl = {}) {
    std::vector<std::string> parts;
    const auto add = [&](std::uint64_t number, const std::string& what) {
        if (number > 0) {
            parts.push_back(fmt::format("{} {}{}", number, applied ? "" : "would be ", what));
        }
    };
    const auto to = ttl.empty() ? "" : " to " + ttl;
    add(deeds.set, "set" + to);
    add(deeds.shortened, "shortened" + to);
    add(deeds.removed, "deleted");
    if (deeds.overtaken > 0) {
        parts.push_back(fmt::format("{} changed meanwhile and left alone", deeds.overtaken));
    }
    return join(parts, ", ");
}

void print_patterns(Context& context, const cache::Report& report, std::size_t width) {
    const auto line = [&](std::string_view pattern, std::string_view ttl, const auto& keys,
                          const auto& missing, const auto& wrong, std::string_view memory,
                          std::string_view largest) {
        std::string text = fmt::format("  {:<{}}  {:>6} {:>10} {:>8} {:>10} {:>9} {:>9}", pattern,
                                       width, ttl, keys, missing, wrong, memory, largest);
        text.erase(text.find_last_not_of(' ') + 1);
        context.print(text);
    };
    line("pattern", "ttl", "keys", "no ttl", "wrong ttl", "memory", "largest");
    for (const auto& pattern : report.patterns) {
        line(pattern.declared.pattern, ttl_text(pattern.declared.ttl), pattern.keys,
             figure(pattern.missing), figure(pattern.too_long + pattern.mortal),
             memory_text(pattern.bytes, report),
             pattern.largest == 0 ? "" : human_bytes(pattern.largest));
    }
    if (const auto unknown = report.unknown_keys(); unknown > 0) {
        std::uint64_t without_ttl = 0;
        std::uint64_t bytes = 0;
        for (const auto& shape : report.unknown) {
            without_ttl += shape.without_ttl;
            bytes += shape.bytes;
        }
        line("of no pattern", "", unknown, figure(without_ttl), "", memory_text(bytes, report), "");
    }
}

void print_unknown(Context& context, const cache::Report& report, bool names) {
    if (report.unknown.empty()) {
        return;
    }
    context.print("\nkeys of no pattern, by what they look like");
    for (std::size_t i = 0; i < std::min(most_shapes, report.unknown.size()); ++i) {
        const auto& shape = report.unknown[i];
        context.print(
            fmt::format("  {:>10}  {}{}", shape.keys, key_text(shape.shape),
                        shape.without_ttl == 0
                            ? ""
                            : fmt::format(", {} without a time to live", shape.without_ttl)));
        for (const auto& example : names ? shape.examples : std::vector<std::string>()) {
            context.print(context.dim(fmt::format("              {}", key_text(example))));
        }
    }
    if (report.unknown.size() > most_shapes) {
        context.print(fmt::format("  and {} more", report.unknown.size() - most_shapes));
    }
}

void print_notable(Context& context, const std::vector<cache::NotableKey>& keys,
                   const std::string& heading, bool names, bool are_bytes) {
    if (keys.empty()) {
        return;
    }
    context.print("\n" + heading);
    for (std::size_t i = 0; i < keys.size();) {
        const auto& key = keys[i];
        // Without their names, equal ones are one line.
        std::size_t alike = 1;
        while (!names && i + alike < keys.size() && keys[i + alike].value == key.value &&
               keys[i + alike].pattern == key.pattern) {
            ++alike;
        }
        i += alike;
        const auto pattern = key.pattern.empty() ? "of no pattern" : key.pattern;
        context.print(fmt::format(
            "  {:>10}  {}{}", are_bytes ? human_bytes(key.value) : std::to_string(key.value),
            names ? fmt::format("{} ({})", key_text(key.key), pattern) : pattern,
            alike == 1 ? "" : fmt::format(", {} keys", alike)));
    }
}

boost::json::object json_of(const PatternCount& pattern) {
    const auto cleaned = [](const Cleaned& count) {
        return boost::json::object{{"done", count.done}, {"overtaken", count.overtaken}};
    };
    boost::json::object row{{"pattern", pattern.declared.pattern},
                            {"ttl_seconds", nullptr},
                            {"on_missing", removes(pattern) ? "delete" : "set"},
                            {"evictable", pattern.declared.evictable},
                            {"keys", pattern.keys},
                            {"missing", pattern.missing},
                            {"too_long", pattern.too_long},
                            {"mortal", pattern.mortal},
                            {"bytes", pattern.bytes},
                            {"largest_bytes", pattern.largest},
                            {"set", cleaned(pattern.set)},
                            {"shortened", cleaned(pattern.shortened)},
                            {"deleted", cleaned(pattern.removed)}};
    if (pattern.declared.ttl) {
        row["ttl_seconds"] = pattern.declared.ttl->count();
    }
    return row;
}

boost::json::array json_of(const std::vector<cache::NotableKey>& keys, const char* value,
                           bool names) {
    boost::json::array rows;
    for (const auto& key : keys) {
        boost::json::object row{{"pattern", nullptr}, {value, key.value}};
        if (!key.pattern.empty()) {
            row["pattern"] = key.pattern;
        }
        if (names) {
            row["key"] = key_text(key.key);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

boost::json::array json_of(const std::vector<cache::UnknownShape>& shapes, bool names) {
    boost::json::array rows;
    for (const auto& shape : shapes) {
        boost::json::object row{{"shape", key_text(shape.shape)},
                                {"keys", shape.keys},
                                {"missing", shape.without_ttl},
                                {"bytes", shape.bytes}};
        if (names) {
            auto& examples = row["examples"].emplace_array();
            for (const auto& example : shape.examples) {
                examples.emplace_back(key_text(example));
            }
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace

std::string ttl_text(const std::optional<std::chrono::seconds>& ttl) {
    if (!ttl) {
        return "none";
    }
    std::string text;
    auto left = ttl->count();
    for (const auto& [unit, size] : {std::pair{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}) {
        if (left / size > 0) {
            text += fmt::format("{}{}", left / size, unit);
            left %= size;
        }
    }
    return text;
}

std::string key_text(std::string_view key) {
    const bool is_text = is_utf8(key);
    std::string text;
    for (const char c : key) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || (byte > 0x7F && !is_text)) {
            text += fmt::format("\\x{:02x}", byte);
        } else {
            text += c;
        }
    }
    return text;
}

std::string headline(const std::string& name, const std::string& environment,
                     const cache::Instance& instance) {
    return fmt::format("{} ({}): Redis {}, {}, {}{}, {}", name, environment, instance.version,
                       instance.policy.empty() ? "policy unknown" : instance.policy,
                       human_bytes(instance.used_memory),
                       instance.max_memory == 0 ? "" : " of " + human_bytes(instance.max_memory),
                       counted(instance.keys, "key"));
}

std::vector<std::string> caveats(const cache::Report& report) {
    std::vector<std::string> all;
    const auto& instance = report.instance;
    if (instance.is_cluster) {
        all.emplace_back(
            "this is one node of a cluster: the keys of the others were not looked at");
    }
    if (!instance.others.empty()) {
        all.push_back(fmt::format("{} {} keys, too, and {} not looked at",
                                  join(instance.others, ", "),
                                  instance.others.size() == 1 ? "holds" : "hold",
                                  instance.others.size() == 1 ? "was" : "were"));
    }
    if (!report.memory_refused.empty()) {
        all.push_back("what keys take is not known: " + report.memory_refused);
    }
    if (report.sample > 1) {
        all.push_back(fmt::format("memory is estimated from one key in {}", report.sample));
    }
    return all;
}

void print_audit(Context& context, const cache::Report& report, bool names) {
    std::size_t width = std::string_view("of no pattern").size();
    for (const auto& pattern : report.patterns) {
        width = std::max(width, pattern.declared.pattern.size());
    }
    print_patterns(context, report, width);
    print_unknown(context, report, names);
    print_notable(context, report.largest, "largest keys", names, true);
    print_notable(context, report.hottest,
                  "keys that are asked for most (Redis' counter, up to 255)", names, false);
}

void print_cleaning(Context& context, const cache::Report& report, bool applied) {
    for (const auto& pattern : report.patterns) {
        const auto ttl = ttl_text(pattern.declared.ttl);
        if (const auto text = text_of(deeds_of(pattern, applied), applied, ttl); !text.empty()) {
            context.print(fmt::format("  {}: {}", pattern.declared.pattern, text));
        }
        if (pattern.mortal > 0) {
            context.print(
                fmt::format("  {}: {} left alone, with a time to live although declared "
                            "to be kept",
                            pattern.declared.pattern, pattern.mortal));
        }
    }
    if (const auto unknown = report.unknown_keys(); unknown > 0) {
        context.print(fmt::format("  {} of no pattern left alone", counted(unknown, "key")));
    }
}

std::string note_text(const cache::KeyNote& note, const cache::Options& options) {
    std::string what(cache::to_text(note.standing));
    if (note.overtaken) {
        what += ": changed meanwhile and left alone";
    } else if (note.remedy != Remedy::none) {
        what +=
            fmt::format(": {}{}", options.apply ? "" : "would be ", cache::to_text(note.remedy));
    }
    return fmt::format("  {}  {}", key_text(note.key), what);
}

boost::json::object note_json(const cache::KeyNote& note, bool applied) {
    boost::json::object row{{"key", key_text(note.key)},
                            {"pattern", nullptr},
                            {"standing", name_of(note.standing)},
                            {"remedy", name_of(note.remedy)}};
    if (!note.pattern.empty()) {
        row["pattern"] = note.pattern;
    }
    if (applied) {
        row["overtaken"] = note.overtaken;
    }
    return row;
}

boost::json::object to_json(const cache::Report& report, bool names) {
    boost::json::array patterns;
    for (const auto& pattern : report.patterns) {
        patterns.push_back(json_of(pattern));
    }
    const auto& instance = report.instance;
    const auto notes = caveats(report);
    return {{"version", instance.version},
            {"maxmemory_policy", instance.policy},
            {"maxmemory_bytes", instance.max_memory},
            {"used_memory_bytes", instance.used_memory},
            {"used_memory_bytes_after", report.memory_after},
            {"keys", report.keys},
            {"gone", report.gone},
            {"repeated", report.repeated},
            {"sample", report.sample},
            {"findings", report.findings()},
            {"patterns", std::move(patterns)},
            {"unknown", json_of(report.unknown, names)},
            {"largest", json_of(report.largest, "bytes", names)},
            {"hottest", json_of(report.hottest, "frequency", names)},
            {"notes", boost::json::array(notes.begin(), notes.end())},
            {"milliseconds", std::chrono::duration<double, std::milli>(report.duration).count()}};
}

std::string cleaning_text(const cache::Report& report, bool applied) {
    const auto text = text_of(deeds_of(report, applied), applied);
    return text.empty() ? "nothing to clean" : text;
}

std::uint64_t remedied(const cache::Report& report, bool applied) {
    return deeds_of(report, applied).total();
}

}  // namespace caisson::cli
