// The templates that every floor spends its time in, compiled with optimisation. The programs of a debug build are
// linked with this object first: the linker keeps the first definition of each and drops those of the other objects, so
// that thousands of conversations are played in a quarter of the time while our own code stays as it is debugged.
#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using json = nlohmann::json;
using Callback = nlohmann::detail::parser_callback_t<json>;
namespace detail = nlohmann::detail;

template class std::basic_string<char>;
template class std::basic_string_view<char>;
template class std::vector<std::string>;
template class nlohmann::basic_json<>;
template class std::vector<json>;
template class std::map<std::string, json, std::less<>>;
template class std::_Rb_tree<std::string, std::pair<const std::string, json>,
                             std::_Select1st<std::pair<const std::string, json>>, std::less<>>;
template class detail::serializer<json>;
template class std::array<unsigned char, 400>;
template class std::array<char, 512>;
using Pointers = detail::iterator_input_adapter<const char*>;
using Chars = detail::iterator_input_adapter<std::string::const_iterator>;
template class detail::lexer<json, Chars>;
template class detail::lexer<json, Pointers>;
template class detail::json_sax_dom_parser<json>;
template class detail::parser<json, Chars>;
template class detail::parser<json, Pointers>;
template json json::parse<const std::string&>(const std::string&, const Callback, const bool, const bool);
template json json::parse<std::string&>(std::string&, const Callback, const bool, const bool);
template json json::parse<std::string>(std::string&&, const Callback, const bool, const bool);
template json json::parse<std::string_view&>(std::string_view&, const Callback, const bool, const bool);
template json json::parse<const std::string_view&>(const std::string_view&, const Callback, const bool, const bool);
