// SPDX-License-Identifier: Apache-2.0
// monitor self-test: whether alerts would come.
#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/text.h"
#include "operations/monitor/selftest/selftest.h"

namespace caisson::cli {
namespace {

void print(Context& context, const selftest::Proof& proof) {
    const auto mark = proof.holds() ? context.green("✓") : context.red("✗");
    if (!proof.holds()) {
        context.print(
            fmt::format("{} {:<38} {:<9}  {}", mark, proof.rule, text_of(proof.how), proof.why));
        return;
    }
    context.print(fmt::format("{} {:<38} {:<9}  told after {}, over after {}  {}", mark, proof.rule,
                              text_of(proof.how), human(proof.delivered), human(proof.resolved),
                              context.dim(proof.note)));
}

Exit run_self_test(Context& context) {
    selftest::Options options;
    options.rules = split(context.arguments().value("--rules"), ',');
    options.progress = [&](const std::string& what) { context.busy(what); };
    boost::json::array rows;
    std::size_t unproven = 0;
    const auto proofs = selftest::run(context.run(), options);
    if (proofs.empty()) {
        throw Error(Code::usage, "no rule has one of these names",
                    "docs/reference/alerts.md names them");
    }
    for (const auto& proof : proofs) {
        print(context, proof);
        unproven += proof.holds() ? 0 : 1;
        rows.push_back({{"rule", proof.rule},
                        {"how", text_of(proof.how)},
                        {"note", proof.note},
                        {"holds", proof.holds()},
                        {"fired_ms", proof.fired.count()},
                        {"delivered_ms", proof.delivered.count()},
                        {"resolved_ms", proof.resolved.count()},
                        {"why", proof.why}});
    }
    context.print(
        fmt::format("{} of {} proven", proofs.size() - unproven, counted(proofs.size(), "rule")));
    context.result() = {
        {"proven", proofs.size() - unproven}, {"unproven", unproven}, {"rules", std::move(rows)}};
    return unproven == 0 ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> monitor_self_test_verbs() {
    return {
        {"monitor self-test",
         "provokes every rule, and follows it to a receiver and back",
         "On private servers made for it: nothing of the platform's is touched. Each rule is "
         "provoked for real where that is possible;\nscaled thresholds and replaced sources are "
         "said. What could not be provoked is unproven: exit status 7.",
         {{"--rules", "RULE", "only these rules; several with commas", {}}},
         "",
         "  caisson monitor self-test\n  caisson monitor self-test --rules server_up,locks_blocked",
         Needs::platform,
         run_self_test},
    };
}

}  // namespace caisson::cli
