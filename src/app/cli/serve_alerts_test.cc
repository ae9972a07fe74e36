// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ServeAlerts, StandbysThatAreMissingHaveAFigureUnlessNobodyCanSeeThem) {
    alerts::Book book;
    book.standbys["replica1"] = {.expected = 2, .connected = 1};
    book.standbys["replica2"] = {.expected = 1, .connected = 1};
    book.standbys["new"] = {.connected = 1, .more = 1};
    const auto text = metrics_of(book);
    EXPECT_THAT(text, HasSubstr("caisson_replication_missing{application_name=\"replica1\"} 1"));
    EXPECT_THAT(text, HasSubstr("caisson_replication_missing{application_name=\"replica2\"} 0"));
    EXPECT_THAT(text, Not(HasSubstr("\"new\""))) << "it is not expected yet";
    book.unread["replication"] = alerts::milliseconds(0);
    EXPECT_THAT(metrics_of(book), Not(HasSubstr("caisson_replication_missing")));
}

}  // namespace
}  // namespace caisson::cli
