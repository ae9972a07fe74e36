// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "operations/monitor/alerts/rule.h"
#include "operations/monitor/selftest/selftest.h"
#include "tests/support/private_state.h"

namespace caisson::selftest {
namespace {

TEST(SelfTest, ProvesARuleOfOnesOwnWithLabels) {
    servers::PrivateState state;
    platform::AlertRule rule;
    rule.name = "busy";
    rule.metric = "databases.backends";
    rule.labels = {{"datname", "kyb"}};
    rule.warning = 50;
    state.run.manifest.alerting.rules = {rule};
    Options options;
    options.rules = {"busy"};
    const auto proofs = run(state.run, options);
    ASSERT_EQ(proofs.size(), 1U);
    EXPECT_TRUE(proofs[0].holds()) << proofs[0].why;
    EXPECT_EQ(proofs[0].how, How::simulated);
}

TEST(SelfTest, ProvesEveryRuleOrSaysWhichItDoesNot) {
    servers::PrivateState state;
    const auto proofs = run(state.run);
    EXPECT_EQ(proofs.size(), alerts::default_rules().size());
    for (const auto& proof : proofs) {
        EXPECT_TRUE(proof.holds()) << proof.rule << ": " << proof.why;
        EXPECT_NE(proof.how, How::unproven) << proof.rule;
        EXPECT_FALSE(proof.note.empty()) << proof.rule;
    }
}

}  // namespace
}  // namespace caisson::selftest
