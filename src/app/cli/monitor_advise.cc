// SPDX-License-Identifier: Apache-2.0
// monitor advise: what should be changed, why, and how it is undone.
#include <algorithm>
#include <memory>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/advice_draft.h"
#include "app/cli/context.h"
#include "app/cli/migrate.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/backups/physical/stream.h"
#include "operations/monitor/advice/advice.h"
#include "operations/monitor/advice/memory.h"
#include "operations/monitor/advice/read.h"
#include "platform/values.h"

namespace caisson::cli {
namespace {

using advice::Advice;

fs::path memory_file(const trust::Run& run) { return run.state.root / "monitor" / "advice.json"; }

/// What one database was found to be like.
struct Advised {
    platform::Database database;
    advice::Judgement judgement;
    std::vector<advice::Remembered> gone;
};

/// `--replicas a:5432,b`: the port of the database's own address where none is said.
std::vector<pg::Settings> replicas_of(Context& context, const pg::Settings& primary) {
    std::vector<pg::Settings> replicas;
    for (const auto& each : split(context.arguments().value("--replicas"), ',')) {
        auto settings = primary;
        settings.address.clear();
        settings.host = std::string(trim(each));
        const auto colon = settings.host.rfind(':');
        if (settings.host.find('/') == std::string::npos && colon != std::string::npos) {
            const auto port = platform::parse_port(settings.host.substr(colon + 1));
            if (!port) {
                throw Error(Code::usage, fmt::format("--replicas names {}", each),
                            "write --replicas HOST:PORT, several with commas");
            }
            settings.port = *port;
            settings.host.resize(colon);
        }
        replicas.push_back(std::move(settings));
    }
    return replicas;
}

/// A connection that is not needed: without it less is known.
std::unique_ptr<pg::Connection> connection_if_there(Context& context, const pg::Settings& settings,
                                                    std::string_view what) {
    try {
        return std::make_unique<pg::Connection>(settings);
    } catch (const Error& error) {
        if (error.code() != Code::cannot_connect) {
            throw;
        }
        context.note(context.yellow(fmt::format("note: {}: {}", what, error.message())));
        return nullptr;
    }
}

std::vector<std::string> own_roles(const trust::Run& run, const platform::Database& database) {
    std::vector<std::string> roles = {trust::admin_settings(run, database).user};
    for (const auto role : {trust::Role::monitor, trust::Role::advisor, trust::Role::backup,
                            trust::Role::migrator, trust::Role::owner, trust::Role::auditor}) {
        roles.push_back(trust::role_name(database, role));
    }
    return roles;
}

std::vector<std::string> working_roles(const platform::Database& database) {
    return {trust::role_name(database, trust::Role::backup),
            trust::role_name(database, trust::Role::monitor),
            trust::role_name(database, trust::Role::advisor)};
}

Advised advise(Context& context, const platform::Database& database,
               std::map<std::string, advice::Memory>& memories) {
    const auto& run = context.run();
    pg::Connection monitor(trust::role_settings(run, database, trust::Role::monitor));
    const auto advisor = connection_if_there(
        context, trust::role_settings(run, database, trust::Role::advisor), "no plans and samples");
    std::vector<std::unique_ptr<pg::Connection>> replicas;
    advice::Sources sources{.monitor = monitor,
                            .advisor = advisor.get(),
                            .own_roles = own_roles(run, database),
                            .working_roles = working_roles(database),
                            .own_slots = {std::string(backups::physical::stream_slot)}};
    for (const auto& settings : replicas_of(context, monitor.settings())) {
        try {
            replicas.push_back(std::make_unique<pg::Connection>(settings));
            sources.replicas.push_back(replicas.back().get());
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            sources.unreachable.push_back(
                fmt::format("{}:{}: {}", settings.host, settings.port, error.message()));
        }
    }
    auto& memory = memories[database.key];
    const auto now = moment_now();
    auto facts = advice::read(sources);
    advice::add_ages(facts, memory, now);
    Advised advised{database, advice::judge(facts), {}};
    memory = advice::remember(memory, facts, advised.judgement, now);
    // Each is told once; what was told before by --history.
    const bool is_history = context.arguments().has("--history");
    std::ranges::copy_if(memory.advice, std::back_inserter(advised.gone),
                         [&](const advice::Remembered& each) {
                             return each.is_gone && (each.is_news || is_history);
                         });
    return advised;
}

void print_statements(Context& context, std::string_view label,
                      const std::vector<std::string>& statements) {
    for (const auto& statement : statements) {
        context.print(fmt::format("    {:<8}{};", label, statement));
        label = "";
    }
}

void print_advice(Context& context, std::size_t number, const Advice& advice) {
    context.print(fmt::format("{:>2}. {}  {}", number, context.bold(advice.summary),
                              context.dim(fmt::format("{} · worth {:.0f} · risk {}", advice.rule,
                                                      advice.worth, text_of(advice.risk)))));
    for (const auto& evidence : advice.evidence) {
        if (!evidence.value.empty()) {
            context.print(fmt::format("    {}: {}", evidence.name, evidence.value));
        }
    }
    print_statements(context, "apply", advice.apply);
    print_statements(context, "undo", advice.undo);
    context.print(fmt::format("    {:<8}{}", "mind", advice.caution));
}

/// One line for each reason, with the rules that it keeps from judging.
void print_unknown(Context& context, const std::vector<advice::Unknown>& unknown) {
    std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
    for (const auto& each : unknown) {
        auto known =
            std::ranges::find(reasons, each.why, [](const auto& pair) { return pair.first; });
        if (known == reasons.end()) {
            known = reasons.insert(known, {each.why, {}});
        }
        if (!each.rule.empty()) {
            known->second.push_back(each.rule);
        }
    }
    for (const auto& [why, rules] : reasons) {
        context.print(context.yellow(
            fmt::format("  ? {}{}", rules.empty() ? "" : join(rules, ", ") + ": ", why)));
    }
}

void print(Context& context, const Advised& advised) {
    const auto& judgement = advised.judgement;
    if (judgement.advice.empty()) {
        context.print(
            fmt::format("{} {}: nothing to advise", context.green("✓"), advised.database.name));
    } else {
        context.print(
            fmt::format("{}: {}", context.bold(advised.database.name),
                        judgement.advice.size() == 1
                            ? "one piece of advice"
                            : fmt::format("{} pieces of advice", judgement.advice.size())));
    }
    for (std::size_t i = 0; i < judgement.advice.size(); ++i) {
        print_advice(context, i + 1, judgement.advice[i]);
    }
    print_unknown(context, judgement.unknown);
    // Whether it was followed, or a session ended by itself, is not known.
    for (const auto& each : advised.gone) {
        context.print(fmt::format("  {} gone: {}{}", context.green("✓"), each.summary,
                                  each.result.empty() ? "" : " — " + each.result));
    }
}

boost::json::object json_of(const Advised& advised) {
    auto object = advice::to_json(advised.judgement);
    boost::json::array gone;
    for (const auto& each : advised.gone) {
        gone.push_back({{"rule", each.rule},
                        {"object", each.object},
                        {"summary", each.summary},
                        {"advised", timestamp(each.first)},
                        {"result", each.result}});
    }
    object["database"] = advised.database.name;
    object["gone"] = std::move(gone);
    return object;
}

/// Only what --rule names, where it does.
void choose(Context& context, advice::Judgement& judgement) {
    const auto asked = split(context.arguments().value("--rules"), ',');
    for (const auto& rule : asked) {
        if (std::ranges::none_of(advice::rules(),
                                 [&](const advice::Rule& each) { return each.id == trim(rule); })) {
            std::vector<std::string> known;
            for (const auto& each : advice::rules()) {
                known.emplace_back(each.id);
            }
            const auto near = nearest(rule, known);
            throw Error(Code::usage, fmt::format("there is no rule {}", rule),
                        near.empty() ? "docs/reference/advice.md names them"
                                     : fmt::format("did you mean {}?", near));
        }
    }
    if (!asked.empty()) {
        std::erase_if(judgement.advice, [&](const Advice& each) {
            return std::ranges::none_of(
                asked, [&](const std::string& rule) { return trim(rule) == each.rule; });
        });
    }
}

void draft(Context& context, const Advised& advised) {
    std::vector<Advice> chosen;
    for (const auto& each : advised.judgement.advice) {
        if (!each.is_structure || each.apply.empty()) {
            continue;
        }
        if (each.risk == advice::Risk::high && !context.arguments().has("--rules")) {
            context.note(
                fmt::format("note: not drafted, because its risk is high: {}; --rules {} "
                            "drafts it",
                            each.summary, each.rule));
            continue;
        }
        chosen.push_back(each);
    }
    if (chosen.empty()) {
        context.print("there is nothing to draft");
        return;
    }
    write_drafts(context, advised.database, drafts_of(chosen));
}

Exit run_advise(Context& context) {
    const auto& run = context.run();
    const bool drafts = context.arguments().has("--draft");
    const auto databases =
        drafts ? std::vector<platform::Database>{context.one_database()} : context.databases();
    auto memories = advice::parse_memories(read_own(memory_file(run)).value_or(""));
    boost::json::array rows;
    bool is_fine = true;
    for (const auto& database : databases) {
        auto advised = advise(context, database, memories);
        choose(context, advised.judgement);
        if (!drafts || context.json()) {
            print(context, advised);
        }
        is_fine = is_fine && advised.judgement.advice.empty();
        rows.push_back(json_of(advised));
        if (drafts) {
            draft(context, advised);
        }
    }
    context.result()["databases"] = std::move(rows);
    if (!context.dry_run() && fs::exists(run.state.root)) {
        make_directory(memory_file(run).parent_path(), 0750, run.account);
        write_file(memory_file(run), advice::to_text(memories), 0600, run.account);
    }
    return is_fine ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> monitor_advise_verbs() {
    return {
        {"monitor advise",
         "what should be changed, why, and how it is undone",
         "Judges the statistics of server and database by the rules of docs/reference/advice.md. "
         "Each piece of advice says what it rests\non, what to run, how to undo it, what may go "
         "wrong, and what it is worth; missing indexes are tried as hypothetical ones.\nWhat could "
         "not be judged is said to be unknown. Exit status 7 when there is advice. Changes "
         "nothing.",
         {{"--replicas",
           "HOST:PORT",
           "replicas to ask which indexes they use; several with commas",
           {}},
          {"--rules", "RULE", "only advice of these rules; several with commas", {}},
          {"--history", "", "tell again what is gone since it was advised, for ninety days", {}},
          {"--draft",
           "",
           "write what is structure as migrations that the linter has nothing against",
           {}},
          source_option()},
         "",
         "  caisson monitor advise --json\n"
         "  caisson monitor advise --draft --rules duplicate_index,missing_index\n"
         "  caisson -e production monitor advise --replicas replica1:5432,replica2:5432",
         Needs::platform,
         run_advise},
    };
}

}  // namespace caisson::cli
