// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/daemon/status_page.h"

namespace caisson::daemon {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Endpoints, OnlyLivenessAndHealthArePublic) {
    for (const auto* path : {"/livez", "/readyz", "/health", "/api/v1/health"}) {
        EXPECT_TRUE(is_public(path)) << path;
    }
    EXPECT_TRUE(is_public("/api/ai/health", {"/api/ai/health"}));
    EXPECT_FALSE(is_public("/api/ai/health"));
    for (const auto* path : {"/", "/v1/database/metrics", "/metrics", "/api/v1/verification",
                             "/health/", "/healthx", "/%68ealth", "/nothing", ""}) {
        EXPECT_FALSE(is_public(path)) << path;
    }
}

TEST(Endpoints, APageOfAnotherOriginMayNotWrite) {
    const auto is_refused = [](const std::string& method, http::Headers headers) {
        http::Request request;
        request.method = method;
        headers.push_back({"Host", "localhost:4000"});
        request.headers = std::move(headers);
        const auto answer = refuse_foreign_write(request);
        return answer && answer->status == 403;
    };
    EXPECT_FALSE(is_refused("POST", {}));
    EXPECT_FALSE(is_refused("POST", {{"Origin", "http://localhost:4000"}}));
    EXPECT_FALSE(is_refused("POST", {{"Sec-Fetch-Site", "same-origin"}}));
    EXPECT_FALSE(is_refused("GET", {{"Origin", "http://evil.example"}}));
    EXPECT_TRUE(is_refused("POST", {{"Origin", "http://evil.example"}}));
    EXPECT_TRUE(is_refused("POST", {{"Origin", "null"}}));
    EXPECT_TRUE(is_refused("POST", {{"Origin", "http://localhost:4001"}}));
    EXPECT_TRUE(is_refused("DELETE", {{"Sec-Fetch-Site", "cross-site"}}));
    EXPECT_TRUE(is_refused("POST", {{"Sec-Fetch-Site", "same-site"}}));
}

TEST(StatusPage, ShowsWhatItWasGivenAndNothingOfItAsMarkup) {
    const auto response = status_page({"<b>Lumina & more</b>", "{title}",
                                       "{\"status\":\"</script><b>\"}", "database: connected\n"});
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(response.body, HasSubstr("<h1>&lt;b&gt;Lumina &amp; more&lt;/b&gt;</h1>"));
    EXPECT_THAT(response.body, HasSubstr("<span class=\"soft\">{title}</span>"));
    EXPECT_THAT(response.body, HasSubstr("{\"status\":\"\\u003c/script>\\u003cb>\"}"));
    EXPECT_THAT(response.body, HasSubstr("database: connected"));
    EXPECT_THAT(response.body, Not(HasSubstr("{nonce}")));
    EXPECT_THAT(response.body, Not(HasSubstr("http://")));
    EXPECT_THAT(response.body, Not(HasSubstr("https://")));
}

TEST(StatusPage, ItsPolicyAllowsItsOwnScriptOnly) {
    const auto response = status_page({});
    const std::string policy(
        http::find_header(response.headers, "Content-Security-Policy").value());
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("connect-src 'self'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    const auto at = policy.find("nonce-") + 6;
    const auto nonce = policy.substr(at, policy.find('\'', at) - at);
    EXPECT_THAT(response.body, HasSubstr("<script nonce=\"" + nonce + "\">"));
    EXPECT_THAT(response.body, HasSubstr("<style nonce=\"" + nonce + "\">"));
    EXPECT_NE(policy, http::find_header(status_page({}).headers, "Content-Security-Policy"));
}

}  // namespace
}  // namespace caisson::daemon
