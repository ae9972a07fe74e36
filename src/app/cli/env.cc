// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/text.h"
#include "platform/environment.h"

namespace caisson::cli {
namespace {

std::string_view word_of(platform::Finding finding) {
    switch (finding) {
        case platform::Finding::fine:
            return "fine";
        case platform::Finding::missing:
            return "missing";
        case platform::Finding::invalid:
            return "invalid";
        case platform::Finding::deprecated:
            return "deprecated";
        case platform::Finding::unknown_reference:
            return "unknown_reference";
    }
    return "fine";
}

Exit run_check(Context& context) {
    const auto& run = context.run();
    const auto states = platform::check_variables(run.manifest, run.environment, run.variables);
    boost::json::array rows;
    std::size_t wrong = 0;
    for (const auto& state : states) {
        const bool bad = state.finding != platform::Finding::fine &&
                         state.finding != platform::Finding::deprecated;
        wrong += bad ? 1 : 0;
        const auto mark = bad                                              ? context.red("✗")
                          : state.finding == platform::Finding::deprecated ? context.yellow("!")
                                                                           : context.green("✓");
        const auto how = state.message.empty()
                             ? (state.is_set ? "from the " + state.source : "not set, not required")
                             : state.message;
        context.print(fmt::format("{} {:<32} {}", mark, state.name, how));
        rows.push_back(boost::json::object{{"name", state.name},
                                           {"finding", word_of(state.finding)},
                                           {"set", state.is_set},
                                           {"source", state.source},
                                           {"message", state.message}});
    }
    context.print(wrong == 0
                      ? fmt::format("{} declared, all fit environment {}",
                                    counted(states.size(), "variable"), run.environment.name)
                      : fmt::format("{} of {} do not fit environment {}", wrong,
                                    counted(states.size(), "variable"), run.environment.name));
    context.result() = {
        {"environment", run.environment.name}, {"variables", std::move(rows)}, {"wrong", wrong}};
    return wrong == 0 ? Exit::fine : Exit::findings;
}

Exit run_example(Context& context) {
    const auto text = platform::env_example(context.run().manifest);
    if (context.json()) {
        context.result()["example"] = text;
    } else {
        context.emit(text);
    }
    return Exit::fine;
}

}  // namespace

std::vector<Verb> env_verbs() {
    return {
        {"env",
         "the variables of the platform: checked against their declarations",
         "Every variable of [variables] against its declaration for the environment: missing, of "
         "the wrong type, or set\n"
         "under an old name. Values of secrets are never shown. Exit status 7 when something does "
         "not fit.",
         {},
         "",
         "  caisson env\n  caisson -e production env --json",
         Needs::platform,
         run_check},
        {"env check",
         "the same as caisson env",
         "",
         {},
         "",
         "  caisson -e production env check",
         Needs::platform,
         run_check},
        {"env example",
         "the text of .env.example, from the declarations",
         "",
         {},
         "",
         "  caisson env example > .env.example",
         Needs::platform,
         run_example},
    };
}

}  // namespace caisson::cli
