// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/names.h"

#include <array>

#include "lifecycle/scale/list.h"

namespace caisson::scale {
namespace {

using std::operator""sv;

constexpr std::array given = {
    "Aaliyah"sv, "Adam"sv,   "Aisha"sv,  "Akira"sv,    "Alejandro"sv, "Alice"sv,   "Amina"sv,
    "Amir"sv,    "Ana"sv,    "Anders"sv, "Anika"sv,    "Anton"sv,     "Arjun"sv,   "Astrid"sv,
    "Beatriz"sv, "Ben"sv,    "Bilal"sv,  "Carla"sv,    "Carlos"sv,    "Chen"sv,    "Chiara"sv,
    "Clara"sv,   "Daniel"sv, "David"sv,  "Deepa"sv,    "Diego"sv,     "Elena"sv,   "Elif"sv,
    "Emeka"sv,   "Emma"sv,   "Eva"sv,    "Fatima"sv,   "Felix"sv,     "Finn"sv,    "Freya"sv,
    "Grace"sv,   "Hana"sv,   "Hannah"sv, "Hassan"sv,   "Hugo"sv,      "Ibrahim"sv, "Ines"sv,
    "Ingrid"sv,  "Isabel"sv, "Ivan"sv,   "Jan"sv,      "Jana"sv,      "Javier"sv,  "Jonas"sv,
    "Julia"sv,   "Kaito"sv,  "Karim"sv,  "Katarina"sv, "Kofi"sv,      "Lars"sv,    "Laura"sv,
    "Layla"sv,   "Leila"sv,  "Lena"sv,   "Leo"sv,      "Liam"sv,      "Lina"sv,    "Lucas"sv,
    "Luca"sv,    "Magnus"sv, "Maja"sv,   "Malik"sv,    "Marco"sv,     "Maria"sv,   "Mateo"sv,
    "Maya"sv,    "Mei"sv,    "Milan"sv,  "Mira"sv,     "Mohammed"sv,  "Nadia"sv,   "Nina"sv,
    "Noah"sv,    "Nour"sv,   "Olga"sv,   "Oliver"sv,   "Omar"sv,      "Paul"sv,    "Pedro"sv,
    "Petra"sv,   "Priya"sv,  "Rahul"sv,  "Rania"sv,    "Rosa"sv,      "Samir"sv,   "Sara"sv,
    "Sofia"sv,   "Sven"sv,   "Tariq"sv,  "Thomas"sv,   "Tom"sv,       "Vera"sv,    "Viktor"sv,
    "Wei"sv,     "Yara"sv,   "Yuki"sv,   "Yusuf"sv,    "Zainab"sv,    "Zoe"sv};

constexpr std::array family = {
    "Abbas"sv,     "Acheampong"sv, "Ahmed"sv,     "Ali"sv,       "Almeida"sv, "Andersen"sv,
    "Bakker"sv,    "Banerjee"sv,   "Bauer"sv,     "Becker"sv,    "Berg"sv,    "Bianchi"sv,
    "Brandt"sv,    "Brown"sv,      "Campbell"sv,  "Castillo"sv,  "Chan"sv,    "Chaudhry"sv,
    "Chen"sv,      "Clark"sv,      "Costa"sv,     "Dahl"sv,      "Das"sv,     "Davies"sv,
    "de Vries"sv,  "Demir"sv,      "Diaz"sv,      "Dubois"sv,    "Evans"sv,   "Farouk"sv,
    "Fernandez"sv, "Ferrari"sv,    "Fischer"sv,   "Fontaine"sv,  "Garcia"sv,  "Gomez"sv,
    "Graham"sv,    "Gupta"sv,      "Haddad"sv,    "Hansen"sv,    "Harris"sv,  "Hassan"sv,
    "Hoffmann"sv,  "Horvat"sv,     "Hughes"sv,    "Hussain"sv,   "Ito"sv,     "Ivanov"sv,
    "Jansen"sv,    "Johnson"sv,    "Jones"sv,     "Kang"sv,      "Kaya"sv,    "Keller"sv,
    "Khan"sv,      "Kim"sv,        "Klein"sv,     "Kowalski"sv,  "Kumar"sv,   "Larsen"sv,
    "Lee"sv,       "Lehmann"sv,    "Lim"sv,       "Lindqvist"sv, "Lopez"sv,   "Maier"sv,
    "Martin"sv,    "Mensah"sv,     "Meyer"sv,     "Miller"sv,    "Moreau"sv,  "Moreno"sv,
    "Murphy"sv,    "Nakamura"sv,   "Nguyen"sv,    "Nilsson"sv,   "Novak"sv,   "O'Brien"sv,
    "Okafor"sv,    "Oliveira"sv,   "Olsen"sv,     "Park"sv,      "Patel"sv,   "Pereira"sv,
    "Petrov"sv,    "Popescu"sv,    "Qureshi"sv,   "Rahman"sv,    "Ramirez"sv, "Reddy"sv,
    "Ricci"sv,     "Rojas"sv,      "Rossi"sv,     "Saito"sv,     "Salem"sv,   "Santos"sv,
    "Sato"sv,      "Schmidt"sv,    "Schneider"sv, "Sharma"sv,    "Silva"sv,   "Singh"sv,
    "Smith"sv,     "Stein"sv,      "Suzuki"sv,    "Svensson"sv,  "Tan"sv,     "Tanaka"sv,
    "Taylor"sv,    "Torres"sv,     "Tran"sv,      "Vargas"sv,    "Vogt"sv,    "Wagner"sv,
    "Walker"sv,    "Wang"sv,       "Weber"sv,     "Williams"sv,  "Wilson"sv,  "Wong"sv,
    "Yilmaz"sv,    "Zhang"sv};

constexpr std::array stems = {
    "Alder"sv,        "Alpina"sv,    "Amber"sv,       "Anchor"sv,   "Apex"sv,     "Arc"sv,
    "Atlas"sv,        "Aurora"sv,    "Baltic"sv,      "Beacon"sv,   "Birch"sv,    "Blue Mesa"sv,
    "Bluewater"sv,    "Bright"sv,    "Brook"sv,       "Cardinal"sv, "Castle"sv,   "Cedar"sv,
    "Cobalt"sv,       "Compass"sv,   "Copper Hill"sv, "Coral"sv,    "Crescent"sv, "Crown"sv,
    "Delta"sv,        "Dune"sv,      "Eastgate"sv,    "Echo"sv,     "Ember"sv,    "Evergreen"sv,
    "Falcon"sv,       "Fjord"sv,     "Foundry"sv,     "Garnet"sv,   "Glacier"sv,  "Granite"sv,
    "Green Valley"sv, "Grove"sv,     "Harbour"sv,     "Hawthorn"sv, "Helios"sv,   "Heron"sv,
    "Highland"sv,     "Horizon"sv,   "Indigo"sv,      "Iris"sv,     "Ivory"sv,    "Jade"sv,
    "Juniper"sv,      "Keystone"sv,  "Lagoon"sv,      "Lantern"sv,  "Larkspur"sv, "Laurel"sv,
    "Lighthouse"sv,   "Lotus"sv,     "Lunar"sv,       "Magnolia"sv, "Maple"sv,    "Marble"sv,
    "Meridian"sv,     "Mistral"sv,   "Monsoon"sv,     "Mosaic"sv,   "Nautilus"sv, "Nimbus"sv,
    "Nordlicht"sv,    "Northwind"sv, "Oak"sv,         "Oasis"sv,    "Olive"sv,    "Onyx"sv,
    "Opal"sv,         "Orchard"sv,   "Orion"sv,       "Osprey"sv,   "Palm"sv,     "Pearl"sv,
    "Pine"sv,         "Pioneer"sv,   "Polar"sv,       "Prairie"sv,  "Prism"sv,    "Quartz"sv,
    "Raven"sv,        "Red Rock"sv,  "Ridge"sv,       "River"sv,    "Saffron"sv,  "Sage"sv,
    "Sapphire"sv,     "Sequoia"sv,   "Silverline"sv,  "Skyline"sv,  "Solstice"sv, "Sparrow"sv,
    "Spruce"sv,       "Sterling"sv,  "Stone"sv,       "Summit"sv,   "Sunrise"sv,  "Tamarind"sv,
    "Terra"sv,        "Tidewater"sv, "Topaz"sv,       "Trident"sv,  "Tulip"sv,    "Union"sv,
    "Vanguard"sv,     "Vector"sv,    "Verde"sv,       "Vista"sv,    "Wave"sv,     "Westbrook"sv,
    "Willow"sv,       "Windmill"sv,  "Zenith"sv,      "Zephyr"sv};

constexpr std::array trades = {
    "Advisory"sv,   "Agro"sv,        "Analytics"sv,   "Architects"sv,   "Automation"sv,
    "Aviation"sv,   "Bakery"sv,      "Biotech"sv,     "Builders"sv,     "Capital"sv,
    "Catering"sv,   "Chemicals"sv,   "Clinics"sv,     "Commodities"sv,  "Consulting"sv,
    "Design"sv,     "Electronics"sv, "Energy"sv,      "Engineering"sv,  "Exports"sv,
    "Farms"sv,      "Fashion"sv,     "Foods"sv,       "Freight"sv,      "Furniture"sv,
    "Garments"sv,   "Health"sv,      "Holding"sv,     "Hotels"sv,       "Imports"sv,
    "Industries"sv, "Insurance"sv,   "Investments"sv, "Labs"sv,         "Learning"sv,
    "Logistics"sv,  "Machinery"sv,   "Marine"sv,      "Media"sv,        "Metals"sv,
    "Mining"sv,     "Motors"sv,      "Packaging"sv,   "Payments"sv,     "Pharma"sv,
    "Plastics"sv,   "Printing"sv,    "Properties"sv,  "Recycling"sv,    "Retail"sv,
    "Robotics"sv,   "Security"sv,    "Services"sv,    "Shipping"sv,     "Software"sv,
    "Solar"sv,      "Studios"sv,     "Systems"sv,     "Technologies"sv, "Telecom"sv,
    "Textiles"sv,   "Tools"sv,       "Trading"sv,     "Travel"sv,       "Ventures"sv,
    "Water"sv};

constexpr std::array forms = {"GmbH"sv,      "AG"sv,        "Ltd"sv,        "PLC"sv,    "LLC"sv,
                              "Inc."sv,      "SARL"sv,      "SAS"sv,        "S.L."sv,   "S.A."sv,
                              "B.V."sv,      "N.V."sv,      "ApS"sv,        "AB"sv,     "AS"sv,
                              "Oy"sv,        "S.r.l."sv,    "sp. z o.o."sv, "s.r.o."sv, "Kft."sv,
                              "Pte. Ltd."sv, "Pvt. Ltd."sv, "K.K."sv,       "FZE"sv,    "W.L.L."sv};

constexpr std::array streets = {
    "Acacia Avenue"sv,    "Alder Lane"sv,      "Bahnhofstraße"sv,  "Birch Street"sv,
    "Bridge Street"sv,    "Calle Mayor"sv,     "Canal Road"sv,     "Castle Street"sv,
    "Cedar Avenue"sv,     "Chapel Road"sv,     "Church Street"sv,  "Dorfstraße"sv,
    "Elm Street"sv,       "Freight Way"sv,     "Garden Road"sv,    "Gartenstraße"sv,
    "Hafenstraße"sv,      "Harbour Road"sv,    "Hauptstraße"sv,    "High Street"sv,
    "Hill Road"sv,        "Industrial Road"sv, "Kallang Avenue"sv, "Keizersgracht"sv,
    "King Street"sv,      "Lake View"sv,       "Lindenallee"sv,    "Main Street"sv,
    "Maple Drive"sv,      "Market Square"sv,   "Marktplatz"sv,     "Mill Lane"sv,
    "Mission Street"sv,   "North Road"sv,      "Oak Avenue"sv,     "Orchard Road"sv,
    "Park Avenue"sv,      "Park Lane"sv,       "Pine Street"sv,    "Quay Street"sv,
    "Queen Street"sv,     "River Road"sv,      "Rua Augusta"sv,    "Rue de la Gare"sv,
    "Rue Principale"sv,   "School Lane"sv,     "South Street"sv,   "Station Road"sv,
    "Sunset Boulevard"sv, "Tech Park"sv,       "Torstraße"sv,      "Union Square"sv,
    "Via Garibaldi"sv,    "Via Roma"sv,        "Victoria Road"sv,  "Water Street"sv,
    "West Road"sv,        "Willow Way"sv,      "York Road"sv,      "Zeil"sv};

constexpr std::array words = {
    "account"sv,  "address"sv,  "after"sv,     "agreed"sv,   "amount"sv,    "annual"sv,
    "answer"sv,   "approved"sv, "asked"sv,     "balance"sv,  "before"sv,    "branch"sv,
    "business"sv, "called"sv,   "change"sv,    "checked"sv,  "city"sv,      "client"sv,
    "closed"sv,   "company"sv,  "confirmed"sv, "contact"sv,  "contract"sv,  "copy"sv,
    "country"sv,  "customer"sv, "daily"sv,     "date"sv,     "decision"sv,  "delivery"sv,
    "detail"sv,   "document"sv, "due"sv,       "early"sv,    "entry"sv,     "evidence"sv,
    "expected"sv, "file"sv,     "final"sv,     "first"sv,    "following"sv, "form"sv,
    "found"sv,    "from"sv,     "given"sv,     "goods"sv,    "group"sv,     "held"sv,
    "interest"sv, "invoice"sv,  "issue"sv,     "item"sv,     "known"sv,     "letter"sv,
    "licence"sv,  "limit"sv,    "list"sv,      "local"sv,    "main"sv,      "manager"sv,
    "market"sv,   "meeting"sv,  "message"sv,   "month"sv,    "name"sv,      "new"sv,
    "noted"sv,    "number"sv,   "offer"sv,     "office"sv,   "open"sv,      "order"sv,
    "other"sv,    "owner"sv,    "paid"sv,      "part"sv,     "partner"sv,   "payment"sv,
    "pending"sv,  "person"sv,   "place"sv,     "price"sv,    "product"sv,   "project"sv,
    "proof"sv,    "quarter"sv,  "question"sv,  "received"sv, "record"sv,    "region"sv,
    "register"sv, "remark"sv,   "report"sv,    "request"sv,  "result"sv,    "review"sv,
    "risk"sv,     "sale"sv,     "sample"sv,    "second"sv,   "sent"sv,      "service"sv,
    "signed"sv,   "since"sv,    "source"sv,    "state"sv,    "step"sv,      "subject"sv,
    "supplier"sv, "term"sv,     "third"sv,     "total"sv,    "trade"sv,     "transfer"sv,
    "under"sv,    "unit"sv,     "until"sv,     "value"sv,    "week"sv,      "with"sv,
    "within"sv,   "without"sv,  "work"sv,      "year"sv,     "yet"sv};

struct City {
    std::string_view city, region, country, postal_code, currency, calling_code;
};

/// In postal codes # stands for a digit, @ for a capital.
constexpr std::array cities = {
    City{"Abu Dhabi", "Abu Dhabi", "AE", "", "AED", "971"},
    City{"Dubai", "Dubai", "AE", "", "AED", "971"},
    City{"Sharjah", "Sharjah", "AE", "", "AED", "971"},
    City{"Vienna", "Vienna", "AT", "1##0", "EUR", "43"},
    City{"Graz", "Styria", "AT", "80##", "EUR", "43"},
    City{"Sydney", "New South Wales", "AU", "20##", "AUD", "61"},
    City{"Melbourne", "Victoria", "AU", "30##", "AUD", "61"},
    City{"Antwerp", "Flanders", "BE", "20##", "EUR", "32"},
    City{"Brussels", "Brussels", "BE", "10##", "EUR", "32"},
    City{"Sao Paulo", "Sao Paulo", "BR", "01###-###", "BRL", "55"},
    City{"Toronto", "Ontario", "CA", "M#@ #@#", "CAD", "1"},
    City{"Vancouver", "British Columbia", "CA", "V#@ #@#", "CAD", "1"},
    City{"Zurich", "Zurich", "CH", "80##", "CHF", "41"},
    City{"Geneva", "Geneva", "CH", "12##", "CHF", "41"},
    City{"Shanghai", "Shanghai", "CN", "200###", "CNY", "86"},
    City{"Prague", "Prague", "CZ", "1## ##", "CZK", "420"},
    City{"Berlin", "Berlin", "DE", "10###", "EUR", "49"},
    City{"Hamburg", "Hamburg", "DE", "20###", "EUR", "49"},
    City{"Cologne", "North Rhine-Westphalia", "DE", "50###", "EUR", "49"},
    City{"Munich", "Bavaria", "DE", "80###", "EUR", "49"},
    City{"Frankfurt am Main", "Hesse", "DE", "60###", "EUR", "49"},
    City{"Leipzig", "Saxony", "DE", "04###", "EUR", "49"},
    City{"Copenhagen", "Capital Region", "DK", "1###", "DKK", "45"},
    City{"Cairo", "Cairo", "EG", "115##", "EGP", "20"},
    City{"Madrid", "Madrid", "ES", "280##", "EUR", "34"},
    City{"Barcelona", "Catalonia", "ES", "080##", "EUR", "34"},
    City{"Helsinki", "Uusimaa", "FI", "001##", "EUR", "358"},
    City{"Paris", "Île-de-France", "FR", "750##", "EUR", "33"},
    City{"Lyon", "Auvergne-Rhône-Alpes", "FR", "690##", "EUR", "33"},
    City{"London", "England", "GB", "E# #@@", "GBP", "44"},
    City{"Manchester", "England", "GB", "M# #@@", "GBP", "44"},
    City{"Bristol", "England", "GB", "BS# #@@", "GBP", "44"},
    City{"Edinburgh", "Scotland", "GB", "EH# #@@", "GBP", "44"},
    City{"Accra", "Greater Accra", "GH", "GA-###", "GHS", "233"},
    City{"Hong Kong", "Hong Kong", "HK", "", "HKD", "852"},
    City{"Budapest", "Budapest", "HU", "1###", "HUF", "36"},
    City{"Jakarta", "Jakarta", "ID", "1####", "IDR", "62"},
    City{"Dublin", "Leinster", "IE", "D0# @##@", "EUR", "353"},
    City{"Mumbai", "Maharashtra", "IN", "400###", "INR", "91"},
    City{"Bengaluru", "Karnataka", "IN", "560###", "INR", "91"},
    City{"Chennai", "Tamil Nadu", "IN", "600###", "INR", "91"},
    City{"Milan", "Lombardy", "IT", "201##", "EUR", "39"},
    City{"Rome", "Lazio", "IT", "001##", "EUR", "39"},
    City{"Tokyo", "Tokyo", "JP", "1##-00##", "JPY", "81"},
    City{"Osaka", "Osaka", "JP", "5##-00##", "JPY", "81"},
    City{"Nairobi", "Nairobi", "KE", "00###", "KES", "254"},
    City{"Seoul", "Seoul", "KR", "0####", "KRW", "82"},
    City{"Luxembourg", "Luxembourg", "LU", "####", "EUR", "352"},
    City{"Casablanca", "Casablanca-Settat", "MA", "20###", "MAD", "212"},
    City{"Mexico City", "Mexico City", "MX", "0####", "MXN", "52"},
    City{"Kuala Lumpur", "Kuala Lumpur", "MY", "50###", "MYR", "60"},
    City{"Lagos", "Lagos", "NG", "10####", "NGN", "234"},
    City{"Amsterdam", "North Holland", "NL", "10## @@", "EUR", "31"},
    City{"Rotterdam", "South Holland", "NL", "30## @@", "EUR", "31"},
    City{"Oslo", "Oslo", "NO", "0###", "NOK", "47"},
    City{"Karachi", "Sindh", "PK", "7####", "PKR", "92"},
    City{"Warsaw", "Masovia", "PL", "00-###", "PLN", "48"},
    City{"Lisbon", "Lisbon", "PT", "1###-###", "EUR", "351"},
    City{"Doha", "Doha", "QA", "", "QAR", "974"},
    City{"Bucharest", "Bucharest", "RO", "01####", "RON", "40"},
    City{"Riyadh", "Riyadh", "SA", "11###", "SAR", "966"},
    City{"Jeddah", "Makkah", "SA", "21###", "SAR", "966"},
    City{"Stockholm", "Stockholm", "SE", "11# ##", "SEK", "46"},
    City{"Singapore", "Singapore", "SG", "3#####", "SGD", "65"},
    City{"Bangkok", "Bangkok", "TH", "10###", "THB", "66"},
    City{"Istanbul", "Istanbul", "TR", "34###", "TRY", "90"},
    City{"New York", "NY", "US", "100##", "USD", "1"},
    City{"Austin", "TX", "US", "787##", "USD", "1"},
    City{"San Francisco", "CA", "US", "941##", "USD", "1"},
    City{"Chicago", "IL", "US", "606##", "USD", "1"},
    City{"Miami", "FL", "US", "331##", "USD", "1"},
    City{"Seattle", "WA", "US", "981##", "USD", "1"},
    City{"Cape Town", "Western Cape", "ZA", "80##", "ZAR", "27"}};

List list_of_places() {
    List list;
    list.columns = {"city", "region", "country", "postal_code", "currency", "calling_code"};
    for (const auto& city : cities) {
        auto& row = list.rows.emplace_back();
        for (const auto text : {city.city, city.region, city.country, city.postal_code,
                                city.currency, city.calling_code}) {
            auto& cell = row.emplace_back();
            if (!text.empty()) {
                cell.set_text(text);
            }
        }
    }
    return list;
}

List list_of(std::span<const std::string_view> texts) {
    List list;
    list.columns = {""};
    for (const auto text : texts) {
        list.rows.emplace_back(1).front().set_text(text);
    }
    return list;
}

}  // namespace

std::span<const std::string_view> given_names() { return given; }
std::span<const std::string_view> family_names() { return family; }
std::span<const std::string_view> company_stems() { return stems; }
std::span<const std::string_view> company_trades() { return trades; }
std::span<const std::string_view> plain_words() { return words; }

const List* built_in_list(std::string_view name) {
    static const List places = list_of_places();
    static const List of_streets = list_of(streets);
    static const List of_forms = list_of(forms);
    if (name == "places") {
        return &places;
    }
    if (name == "streets") {
        return &of_streets;
    }
    return name == "legal_forms" ? &of_forms : nullptr;
}

}  // namespace caisson::scale
