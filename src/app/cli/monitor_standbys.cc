// SPDX-License-Identifier: Apache-2.0
// Which standbys are expected, and that one is gone for good: monitor standbys.
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/text.h"
#include "operations/monitor/alerts/standbys.h"
#include "operations/monitor/alerts/watch.h"

namespace caisson::cli {
namespace {

alerts::Book book_of(const trust::Run& run) {
    auto found = alerts::read_book(run);
    if (!found) {
        throw Error(Code::state_unusable, "nothing has been judged here",
                    "the daemon does that: caisson serve");
    }
    return std::move(*found);
}

void forget(Context& context, alerts::Book& book) {
    const auto name = context.arguments().value("--forget");
    if (!alerts::is_missing(book, name)) {
        const bool is_there = book.standbys.contains(name);
        throw Error(Code::usage,
                    is_there ? name + " is there"
                             : fmt::format("no standby by the name of {} is expected", name),
                    is_there ? "only what is missing can be forgotten: stop it first"
                             : "caisson monitor standbys names them");
    }
    auto orders = alerts::without_old(alerts::read_orders(context.run()), moment_now());
    orders.gone[name] = moment_now();
    alerts::forget_standbys(book, orders.gone);
    if (!context.dry_run()) {
        alerts::write_orders(context.run(), orders);  // The daemon does it with its next sample.
    }
    context.print(fmt::format("{} {} is expected no more", context.green("✓"), name));
    context.result()["forgotten"] = name;
}

Exit run_standbys(Context& context) {
    auto book = book_of(context.run());
    if (context.arguments().has("--forget")) {
        forget(context, book);
    }
    boost::json::array rows;
    bool is_any_missing = false;
    for (const auto& [name, standby] : book.standbys) {
        const bool is_missing = alerts::is_missing(book, name);
        is_any_missing |= is_missing;
        const auto number =
            standby.expected == 0
                ? fmt::format("{} there, not yet for long", standby.connected)
                : fmt::format("{} of {} there", standby.connected, standby.expected);
        context.print(fmt::format("{} {:<24} {}{}",
                                  is_missing ? context.red("✗") : context.green("✓"), name, number,
                                  is_missing ? ", last at " + minute_text(standby.seen) : ""));
        rows.push_back({{"name", name},
                        {"expected", standby.expected},
                        {"connected", standby.connected},
                        {"missing", is_missing},
                        {"seen_at", timestamp(standby.seen)}});
    }
    if (rows.empty()) {
        context.print("no standby is expected");
    }
    context.result()["judged_at"] = timestamp(book.at);
    context.result()["standbys"] = std::move(rows);
    return is_any_missing ? Exit::findings : Exit::fine;
}

}  // namespace

std::vector<Verb> monitor_standbys_verbs() {
    return {
        {.name = "monitor standbys",
         .summary = "which standbys are expected, and which are missing",
         .details = "A standby that streamed for ten minutes is expected from then on, by its "
                    "application_name.\nOne that is gone for good is forgotten with --forget. Exit "
                    "status 7 when one is missing.",
         .options = {{"--forget", "NAME", "one that is missing and will not come back", {}}},
         .positional = "",
         .examples = "  caisson monitor standbys\n  caisson monitor standbys --forget replica2",
         .run = run_standbys},
    };
}

}  // namespace caisson::cli
