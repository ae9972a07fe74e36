// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/cache.h"

#include <charconv>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/cache_place.h"
#include "app/cli/cache_report.h"
#include "app/cli/journaling.h"
#include "base/text.h"
#include "serving/cache/marks.h"
#include "trust/identity.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

std::uint64_t sample_of(Context& context) {
    const auto text = context.arguments().value("--sample", "1");
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) {
        throw Error(Code::usage, fmt::format("\"{}\" is no number of keys", text),
                    "give a number: 1 asks every key, 100 one in a hundred, 0 none");
    }
    return number;
}

bool shows_names(Context& context) { return context.arguments().has("--verbose"); }

/// Looks, with a bar on a terminal, or with --verbose a line for each key.
cache::Report sweep(Context& context, redis::Connection& connection, cache::Options options) {
    std::optional<Progress> bar;
    boost::json::array keys;
    options.keys = context.run().manifest.cache_keys;
    const auto declared = options.keys.size();
    for (auto& own : cache::own_patterns()) {
        options.keys.push_back(std::move(own));
    }
    options.began = [&](const cache::Instance& instance) {
        context.print(context.bold(headline(trust::redis_name(connection.settings()),
                                            context.run().environment.name, instance)));
    };
    if (shows_names(context)) {
        options.note = [&](const cache::KeyNote& note) {
            if (context.json()) {
                keys.push_back(note_json(note, options.apply));
            } else {
                context.print(note_text(note, options));
            }
        };
    } else {
        options.progress = [&](std::uint64_t done, std::uint64_t total) {
            if (!bar) {
                bar.emplace(context, "keys", total);
            }
            bar->show(std::min(done, total));
        };
    }
    auto report = cache::sweep(connection, options);
    // What Caisson keeps there itself is told where there is something.
    for (auto number = report.patterns.size(); number-- > declared;) {
        if (report.patterns[number].keys == 0) {
            report.patterns.erase(report.patterns.begin() + static_cast<std::ptrdiff_t>(number));
        }
    }
    context.result() = to_json(report, shows_names(context));
    if (shows_names(context)) {
        context.result()["verbose"] = std::move(keys);
    }
    return report;
}

Exit run_audit(Context& context) {
    const auto settings = redis_of(context);
    cache::Options options;
    options.sample = sample_of(context);
    options.exact = context.arguments().has("--exact");
    redis::Connection connection(settings);
    const auto report = sweep(context, connection, options);
    const auto name = trust::redis_name(settings);
    print_audit(context, report, shows_names(context));
    context.print("");
    for (const auto& caveat : caveats(report)) {
        context.print("note: " + caveat);
    }
    const bool holds = report.findings() == 0;
    context.print(
        holds ? fmt::format("{}, all as declared, {}", counted(report.keys, "key"),
                            human(report.duration))
              : fmt::format("{} of {} not as declared, {}{}", report.findings(),
                            counted(report.keys, "key"), human(report.duration),
                            remedied(report, false) > 0 ? "; see caisson cache clean" : ""));
    context.result()["redis"] = name;
    context.result()["holds"] = holds;
    return holds ? Exit::fine : Exit::findings;
}

/// What was done stands in the journal of the first database, Redis has none.
void tell_cleaning(Context& context, const std::string& name, const cache::Report& report) {
    if (remedied(report, true) == 0) {
        return;
    }
    boost::json::array patterns;
    for (const auto& pattern : report.patterns) {
        patterns.push_back(boost::json::object{{"pattern", pattern.declared.pattern},
                                               {"set", pattern.set.done},
                                               {"shortened", pattern.shortened.done},
                                               {"deleted", pattern.removed.done}});
    }
    tell_journal(context, context.run().manifest.databases.front(), journal::kinds::finish,
                 "cache clean",
                 {{"text", cleaning_text(report, true)},
                  {"redis", name},
                  {"patterns", std::move(patterns)}});
}

/// Errors: protected_environment unless Redis' own name was given.
bool is_applied(Context& context, const std::string& name) {
    const auto& arguments = context.arguments();
    if (context.dry_run() || !(context.yes() || arguments.has("--confirm"))) {
        return false;
    }
    trust::require_consent(context.run(), name, "cache clean", arguments.value("--confirm"),
                           context.yes());
    return true;
}

Exit run_clean(Context& context) {
    const auto settings = redis_of(context);
    const auto name = trust::redis_name(settings);
    cache::Options options;
    options.sample = 0;
    options.apply = is_applied(context, name);
    redis::Connection connection(settings);
    cache::Report report;
    try {
        report = sweep(context, connection, options);
    } catch (const Error& error) {
        if (options.apply) {
            tell_journal(context, context.run().manifest.databases.front(), journal::kinds::failure,
                         "cache clean", journal_detail(error));
        }
        throw;
    }
    print_cleaning(context, report, options.apply);
    for (const auto& caveat : caveats(report)) {
        context.print("note: " + caveat);
    }
    context.print(
        fmt::format("{}, {}", cleaning_text(report, options.apply), human(report.duration)));
    if (options.apply) {
        context.print(fmt::format("memory: {}, before {}", human_bytes(report.memory_after),
                                  human_bytes(report.instance.used_memory)));
        tell_cleaning(context, name, report);
    } else if (remedied(report, false) > 0) {
        context.print("nothing was changed; to change it: caisson cache clean " +
                      (context.run().environment.is_protected ? "--confirm " + name : "--yes"));
    }
    context.result()["redis"] = name;
    context.result()["applied"] = options.apply;
    return Exit::fine;
}

const Option verbose_option{
    "--verbose", "", "every key that is not as declared, by name; names may be personal data", {}};

}  // namespace

std::vector<Verb> cache_verbs() {
    return {
        {"cache audit",
         "what is in Redis, against the patterns of [cache.keys]",
         "Keys without a time to live or with a wrong one, keys of no pattern, memory by pattern, "
         "the largest keys. Looks at every\n"
         "key once, in steps so small that others hardly notice. Exit status 7 when a key is not "
         "as declared.",
         {verbose_option,
          {"--sample", "N", "ask one key in N for its memory, 0 for none (default: 1)", {}},
          {"--exact",
           "",
           "weigh every element of large keys; Redis answers nobody else meanwhile",
           {}}},
         "",
         "  caisson cache audit\n  caisson -e production cache audit --sample 100 --json",
         Needs::platform,
         run_audit},
        {"cache clean",
         "gives keys the time to live that is declared for them",
         "Shows what it would do; --yes does it, in a protected environment --confirm with the "
         "name that it shows. Keys with\n"
         "on_missing = \"delete\" are deleted instead. Keys of no pattern are never touched.",
         {verbose_option},
         "",
         "  caisson cache clean\n  caisson cache clean --yes\n  caisson -e production cache clean "
         "--confirm redis.internal:6379/0",
         Needs::platform,
         run_clean},
    };
}

}  // namespace caisson::cli
