// SPDX-License-Identifier: Apache-2.0
#include "app/cli/verdict.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/alerts/first_step.h"
#include "operations/monitor/alerts/message.h"

namespace caisson::cli {
namespace {

using alerts::Alert;
using std::chrono::seconds;

/// One screen: what is beyond is told by `caisson monitor alerts`.
constexpr std::size_t most_alerts = 6;
constexpr std::size_t most_unknown = 4;
/// A sample that is a little late is no reason to worry.
constexpr auto patience = seconds(10);

std::string age_text(Moment then, Moment now) {
    return schedule::age_text(std::max(seconds(0), now - then));
}

std::string since_text(Moment then, Moment now) {
    return fmt::format("since {} ({})", minute_text(then), age_text(then, now));
}

void worsen(Part& part, Mark mark, const std::string& reason,
            const std::optional<Moment>& since = {}) {
    if (mark > part.mark) {
        part.since.reset();  // Of what is less bad.
        part.reason.clear();
    }
    if (mark < part.mark || mark == Mark::fine) {
        return;
    }
    part.mark = mark;
    part.reason += (part.reason.empty() ? "" : ", ") + reason;
    if (since && (!part.since || *since < *part.since)) {
        part.since = since;
    }
}

bool fires(const Alert& alert) { return alert.state == alerts::State::firing; }

/// Firing alerts: causes before their consequences, what is critical first, then the oldest.
std::vector<const Alert*> firing_of(const alerts::Book& book) {
    std::vector<const Alert*> firing;
    for (const auto& alert : book.alerts) {
        if (fires(alert)) {
            firing.push_back(&alert);
        }
    }
    std::ranges::stable_sort(firing, [](const Alert* a, const Alert* b) {
        const auto rank = [](const Alert* each) {
            return std::tuple(each->cause != each->rule, each->level != alerts::Level::critical,
                              each->began);
        };
        return rank(a) < rank(b);
    });
    return firing;
}

bool is_acknowledged(const Alert& alert, const Watched& watched) {
    return std::ranges::any_of(watched.book->pages, [&](const alerts::Page& page) {
        return page.rule == alert.cause && alerts::is_acknowledged(page, watched.orders);
    });
}

void tell(const Alert& alert, const Watched& watched, std::size_t consequences, Part& part) {
    const auto* const rule = alerts::find_rule(watched.rules, alert.rule);
    const auto silent =
        alerts::silent_because(alert.rule, watched.orders, watched.windows, watched.now);
    part.below.push_back(fmt::format(
        "{:<8} {}, {}{}{}{}", alerts::text_of(alert.level), alerts::summary_of(rule, alert),
        since_text(alert.began, watched.now),
        consequences == 0
            ? ""
            : fmt::format("; and what follows from it: {}", counted(consequences, "alert")),
        is_acknowledged(alert, watched) ? "; somebody knows" : "",
        silent.empty() ? "" : fmt::format("; silent: {}", silent)));
    const auto step = alerts::first_step(alert.rule);
    part.below.push_back(fmt::format("         {}{}{}", step, step.empty() ? "" : " → ",
                                     alerts::remedy_of(rule, watched.pages)));
}

boost::json::object json_of(const Alert& alert, const Watched& watched) {
    const auto* const rule = alerts::find_rule(watched.rules, alert.rule);
    return {{"id", alert.id},
            {"rule", alert.rule},
            {"cause", alert.cause},
            {"level", alerts::text_of(alert.level)},
            {"summary", alerts::summary_of(rule, alert)},
            {"labels", monitor::json_of(alert.labels)},
            {"since", timestamp(alert.began)},
            {"unknown", alert.is_unknown},
            {"acknowledged", is_acknowledged(alert, watched)},
            {"silent",
             alerts::silent_because(alert.rule, watched.orders, watched.windows, watched.now)},
            {"do", alerts::first_step(alert.rule)},
            {"remedy", alerts::remedy_of(rule, watched.pages)}};
}

void judge_alerts(const Watched& watched, Part& part) {
    const auto firing = firing_of(*watched.book);
    std::map<std::string, std::size_t> consequences;
    std::size_t critical = 0;
    boost::json::array rows;
    for (const auto* const alert : firing) {
        consequences[alert->cause] += alert->cause != alert->rule ? 1 : 0;
        critical += alert->level == alerts::Level::critical ? 1 : 0;
        rows.push_back(json_of(*alert, watched));
        worsen(part, alert->level == alerts::Level::critical ? Mark::bad : Mark::notice, "",
               alert->began);
    }
    part.json["alerts"] = std::move(rows);
    if (firing.empty()) {
        return;
    }
    const auto warnings = firing.size() - critical;
    const auto text = (critical > 0 ? counted(critical, "critical alert") : std::string()) +
                      (critical > 0 && warnings > 0 ? ", " : "") +
                      (warnings > 0 ? counted(warnings, "warning") : std::string());
    part.reason = text;
    part.text += "; " + text;
    std::size_t shown = 0;
    for (const auto* const alert : firing) {
        const bool has_cause_here =
            alert->cause != alert->rule && std::ranges::any_of(firing, [&](const Alert* each) {
                return each->rule == alert->cause;
            });
        if (!has_cause_here && shown < most_alerts) {
            ++shown;
            tell(*alert, watched, alert->cause == alert->rule ? consequences[alert->cause] : 0,
                 part);
        }
    }
    if (shown < firing.size()) {
        part.below.emplace_back("all of them: caisson monitor alerts");
    }
}

/// What could not be read, by why: one sentence for what has one reason.
void tell_unknown(const LastLook& look, Part& part) {
    std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
    boost::json::array rows;
    for (const auto& [what, whose, why] : look.unknown) {
        rows.push_back({{"what", what}, {"whose", whose}, {"why", why}});
        auto found = std::ranges::find(reasons, why, [](const auto& each) { return each.first; });
        if (found == reasons.end()) {
            reasons.emplace_back(why, std::vector<std::string>());
            found = reasons.end() - 1;
        }
        if (std::ranges::find(found->second, what) == found->second.end()) {
            found->second.push_back(what);
        }
    }
    part.json["unknown"] = std::move(rows);
    for (std::size_t i = 0; i < reasons.size() && i < most_unknown; ++i) {
        part.below.push_back(
            fmt::format("unknown  {}: {}", join(reasons[i].second, ", "), reasons[i].first));
    }
    if (reasons.size() > most_unknown) {
        part.below.emplace_back("and more: caisson monitor summary");
    }
}

}  // namespace

Part daemon_part(const DaemonSigns& daemon, Moment now) {
    Part part{.name = "API"};
    part.json["runs"] = daemon.runs;
    if (daemon.runs) {
        part.json["health"] = daemon.health;
        part.json["degraded"] = boost::json::array(daemon.degraded.begin(), daemon.degraded.end());
        const auto health =
            daemon.health + (daemon.degraded.empty() ? "" : ": " + join(daemon.degraded, ", "));
        part.text = fmt::format("{}, process {}, {}", daemon.address, daemon.process,
                                daemon.health.empty() ? "does not answer: see its log" : health);
        if (daemon.health.empty()) {
            worsen(part, Mark::bad, "the daemon does not answer");
        } else if (daemon.health != "healthy") {
            worsen(part, daemon.health == "degraded" ? Mark::notice : Mark::bad,
                   "the daemon calls itself " + health);
        }
        return part;
    }
    part.text = !daemon.last_heard ? "has never run here: caisson up"
                                   : fmt::format("does not run; {} {} ({} ago): caisson up",
                                                 daemon.has_record ? "it ended without a word after"
                                                                   : "it was there until",
                                                 minute_text(*daemon.last_heard),
                                                 age_text(*daemon.last_heard, now));
    worsen(part, Mark::bad, "the daemon does not run", daemon.last_heard);
    return part;
}

Part monitor_part(const Watched& watched) {
    Part part{.name = "monitor"};
    const auto& look = watched.look;
    const auto judged = watched.book && watched.book->at != Moment{}
                            ? std::optional(watched.book->at)
                            : std::nullopt;
    const auto newest =
        look ? std::optional(std::max(look->at, judged.value_or(Moment{}))) : judged;
    part.json = {{"sample_at", newest ? boost::json::value(timestamp(*newest)) : nullptr},
                 {"alerts", boost::json::array()},
                 {"unknown", boost::json::array()}};
    if (!watched.collects) {
        part.text = "is switched off: [monitor] collect";
        worsen(part, Mark::notice, "nothing is measured");
        return part;
    }
    if (!newest) {
        part.text = watched.daemon_runs ? "has not looked yet" : "has never looked";
        worsen(part, Mark::notice, "nothing was measured yet");
        return part;
    }
    part.json["sample_age_seconds"] = std::max(seconds(0), watched.now - *newest).count();
    part.text = fmt::format("newest sample {} old", age_text(*newest, watched.now));
    const auto late = look ? std::chrono::ceil<seconds>(3 * look->interval) + patience
                           : seconds(std::chrono::minutes(10));
    const bool is_old = watched.now - *newest > late;
    part.json["is_old"] = is_old;
    if (look && !look->collects && watched.daemon_runs && !is_old) {
        part.text = "another daemon measures this server, and tells of it";
        return part;
    }
    if (watched.has_rules && watched.book) {
        part.text += fmt::format("; {}", counted(watched.rules.size(), "rule"));
        judge_alerts(watched, part);
    } else if (!watched.has_rules) {
        part.text += "; alerts are switched off: [alerts] on";
    }
    if (look) {
        tell_unknown(*look, part);
    }
    // What fires may be over, and what does not may be bad: nobody has looked since.
    if (is_old || !watched.daemon_runs) {
        part.text += watched.daemon_runs ? ", which is too old: the daemon's log says why"
                                         : ": nobody looks while the daemon is down";
        worsen(part, watched.daemon_runs ? Mark::bad : Mark::notice, "nothing is measured", newest);
    }
    return part;
}

Part backups_part(const std::vector<schedule::Age>& ages, const std::optional<LastLook>& look,
                  bool is_declared, bool is_needed, Moment now) {
    Part part{.name = "backups"};
    boost::json::array jobs;
    for (const auto& age : ages) {
        jobs.push_back(
            {{"job", age.job},
             {"success_age_seconds",
              age.success ? boost::json::value(age.success->count()) : boost::json::value(nullptr)},
             {"failing", age.is_failing},
             {"alarm", age.alarm}});
        if (!age.alarm.empty()) {
            worsen(part, Mark::bad, age.job + " is overdue",
                   age.success ? std::optional(now - *age.success) : std::nullopt);
            part.below.push_back(age.alarm);
        } else if (age.is_failing) {
            worsen(part, Mark::notice, age.job + " fails",
                   age.failure ? std::optional(now - *age.failure) : std::nullopt);
            part.below.push_back(fmt::format("{} failed: {}", age.job, age.mistake));
        }
    }
    const auto aged = [&](const std::optional<seconds>& age) {
        return age ? std::optional(std::max(seconds(0), *age + (now - look->at))) : std::nullopt;
    };
    const auto newest = look ? aged(look->backup) : std::nullopt;
    const auto proof = look ? aged(look->proof) : std::nullopt;
    const auto value = [](const std::optional<seconds>& age) {
        return age ? boost::json::value(age->count()) : boost::json::value(nullptr);
    };
    part.json = {{"jobs", std::move(jobs)},
                 {"newest_age_seconds", value(newest)},
                 {"proof_age_seconds", value(proof)}};
    if (!is_declared && !newest) {
        part.text = "none are declared: [backups] of caisson.toml";
        if (is_needed) {
            worsen(part, Mark::notice, "there are no backups");
        }
        return part;
    }
    part.text = fmt::format(
        "{}; {}",
        newest ? fmt::format("newest {} old", schedule::age_text(*newest)) : "none is known",
        proof ? fmt::format("proven {} ago", schedule::age_text(*proof)) : "none is proven");
    if (is_needed && !newest) {
        worsen(part, Mark::notice, "no backup is known");
    } else if (is_needed && !proof) {
        worsen(part, Mark::notice, "no backup is proven");
    }
    if (part.mark != Mark::fine) {
        part.below.emplace_back("caisson backup doctor says what to do");
    }
    return part;
}

Verdict verdict_of(const std::vector<Part>& parts, Moment now) {
    Verdict verdict;
    for (const auto& part : parts) {
        verdict.mark = std::max(verdict.mark, part.mark);
    }
    std::vector<std::string> reasons;
    for (const auto& part : parts) {
        if (part.mark != verdict.mark || part.mark == Mark::fine) {
            continue;
        }
        reasons.push_back(part.reason.empty() ? part.name : part.reason);
        if (part.since && (!verdict.since || *part.since < *verdict.since)) {
            verdict.since = part.since;
        }
    }
    const auto since = verdict.since ? " " + since_text(*verdict.since, now) : "";
    switch (verdict.mark) {
        case Mark::fine:
            verdict.text = "healthy";
            break;
        case Mark::notice:
            verdict.text =
                fmt::format("healthy, but see to this{}: {}", since, join(reasons, "; "));
            break;
        case Mark::bad:
            verdict.text = fmt::format("not healthy{}: {}", since, join(reasons, "; "));
            break;
    }
    return verdict;
}

}  // namespace caisson::cli
