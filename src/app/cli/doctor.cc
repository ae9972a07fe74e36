// SPDX-License-Identifier: Apache-2.0
#include "app/cli/doctor.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

/// A probe that fails has found something, too.
std::vector<Diagnosis> ask(const Probe& probe, const trust::Run& run) {
    try {
        return probe.ask(run);
    } catch (const Error& error) {
        return {{Diagnosis::Level::problem, std::string(kind_of(error.code()).name),
                 error.message(), error.hint()}};
    }
}

std::string_view word_of(Diagnosis::Level level) {
    return level == Diagnosis::Level::problem ? "problem"
           : level == Diagnosis::Level::note  ? "note"
                                              : "fine";
}

void print(Context& context, const Diagnosis& diagnosis) {
    const auto mark = diagnosis.level == Diagnosis::Level::problem ? context.red("✗")
                      : diagnosis.level == Diagnosis::Level::note  ? context.yellow("!")
                                                                   : context.green("✓");
    context.print(fmt::format("{} {:<20} {}", mark, diagnosis.name, diagnosis.found));
    if (!diagnosis.remedy.empty()) {
        context.print(fmt::format("  {:<20} → {}", "", diagnosis.remedy));
    }
}

Exit run_doctor(Context& context) {
    std::vector<Diagnosis> all;
    try {
        const auto& run = context.run();
        for (const auto& probes : {machine_probes(), server_probes(), database_probes()}) {
            for (const auto& probe : probes) {
                for (auto& diagnosis : ask(probe, run)) {
                    all.push_back(std::move(diagnosis));
                }
            }
        }
    } catch (const Error& error) {
        // The platform itself cannot be read: that is the first thing to mend.
        all.push_back({Diagnosis::Level::problem, std::string(kind_of(error.code()).name),
                       error.message(), error.hint()});
    }
    std::size_t problems = 0;
    boost::json::array rows;
    for (const auto& diagnosis : all) {
        print(context, diagnosis);
        problems += diagnosis.level == Diagnosis::Level::problem ? 1 : 0;
        rows.push_back(boost::json::object{{"name", diagnosis.name},
                                           {"level", word_of(diagnosis.level)},
                                           {"found", diagnosis.found},
                                           {"remedy", diagnosis.remedy}});
    }
    context.print(problems == 0 ? "no problem found" : counted(problems, "problem") + " found");
    context.result() = {{"problems", problems}, {"diagnoses", std::move(rows)}};
    return problems == 0 ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> doctor_verbs() {
    return {{"doctor",
             "finds what is wrong and names the command that mends it",
             "Looks at programs, accounts, the state directory, disk space, ports, servers, host "
             "names, versions and data.\n"
             "Changes nothing. Exit status 7 when there is a problem.",
             {},
             "",
             "  caisson doctor\n  caisson -e production doctor --json",
             Needs::nothing,
             run_doctor}};
}

}  // namespace caisson::cli
