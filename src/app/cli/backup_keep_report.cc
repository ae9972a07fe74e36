// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_keep.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

namespace retention = backups::retention;

boost::json::array texts_json(const std::vector<std::string>& texts) {
    return boost::json::array(texts.begin(), texts.end());
}

std::string texts_of(const std::vector<retention::Reason>& reasons) {
    std::vector<std::string> texts;
    for (const auto& reason : reasons) {
        texts.push_back(reason.text);
    }
    return join(texts, "; ");
}

std::string moment_text(const std::optional<Moment>& moment) {
    return moment ? minute_text(*moment) : "";
}

}  // namespace

void print_plan(Context& context, const retention::Plan& plan) {
    const auto goes = plan.removals();
    context.print(context.bold(
        fmt::format("{}: {}, {} stay and {} {}", plan.repository, counted(plan.sets.size(), "set"),
                    plan.sets.size() - goes, goes, goes == 1 ? "goes" : "go")));
    for (const auto& doubt : plan.doubts) {
        context.print(fmt::format("  {} nothing is removed: {}", context.red("✗"), doubt));
    }
    for (const auto& note : plan.notes) {
        context.print("  → " + note);
    }
    std::size_t width = 0;
    for (const auto& each : plan.sets) {
        width = std::max(width, each.set.id.size());
    }
    for (const auto& each : plan.sets) {
        context.print(fmt::format(
            "  {} {:<{}}  {}  {:<8}  {}", each.keep ? context.green("✓") : context.red("-"),
            each.set.id, width, minute_text(each.reaches), each.is_proven ? "proven" : "unproven",
            each.keep ? texts_of(each.reasons) : each.removal));
    }
    if (plan.archive_fulls) {
        context.print(
            fmt::format("  the whole log is kept for the newest {}",
                        counted(static_cast<std::size_t>(*plan.archive_fulls), "full set")));
    }
}

void print_calendar(Context& context, const std::vector<retention::CalendarRow>& rows) {
    context.print("  what remains when, as if backups went on and none of these was replaced:");
    context.print(context.dim(fmt::format("    {:<12} {:<17}  {:>4}  {:>6}  {:<17}  {}", "when",
                                          "at", "sets", "proven", "from", "to")));
    for (const auto& row : rows) {
        context.print(fmt::format("    {:<12} {:<17}  {:>4}  {:>6}  {:<17}  {}", row.when,
                                  minute_text(row.at), row.sets.size(), row.proven,
                                  moment_text(row.earliest), moment_text(row.latest)));
    }
}

boost::json::object to_json(const retention::Plan& plan) {
    boost::json::array sets;
    for (const auto& each : plan.sets) {
        boost::json::array reasons;
        for (const auto& reason : each.reasons) {
            boost::json::object row{{"cause", retention::name_of(reason.cause)},
                                    {"text", reason.text}};
            if (reason.until) {
                row["until"] = timestamp(*reason.until);
            }
            reasons.push_back(std::move(row));
        }
        boost::json::object row{{"set", each.set.id},
                                {"kind", backups::name_of(each.set.kind)},
                                {"reaches", timestamp(each.reaches)},
                                {"proven", each.is_proven},
                                {"keep", each.keep}};
        if (each.keep) {
            row["reasons"] = std::move(reasons);
        } else {
            row["why"] = each.removal;
        }
        row["needed_by"] = texts_json(each.needed_by);
        sets.push_back(std::move(row));
    }
    boost::json::object result{
        {"repository", plan.repository},   {"at", timestamp(plan.now)},
        {"clock", timestamp(plan.clock)},  {"doubts", texts_json(plan.doubts)},
        {"notes", texts_json(plan.notes)}, {"sets", std::move(sets)}};
    result["archive_fulls"] =
        plan.archive_fulls ? boost::json::value(*plan.archive_fulls) : boost::json::value(nullptr);
    return result;
}

boost::json::array to_json(const std::vector<retention::CalendarRow>& rows) {
    boost::json::array array;
    for (const auto& row : rows) {
        boost::json::object object{{"when", row.when},
                                   {"at", timestamp(row.at)},
                                   {"sets", texts_json(row.sets)},
                                   {"causes", texts_json(row.causes)},
                                   {"proven", row.proven}};
        if (row.earliest) {
            object["earliest"] = timestamp(*row.earliest);
            object["latest"] = timestamp(*row.latest);
        }
        array.push_back(std::move(object));
    }
    return array;
}

}  // namespace caisson::cli
