// What a model is shown of a conversation, and what is known of where its words came from. Personal numbers are masked,
// and texts that strangers wrote (product names, notes, the rail's messages) are cleaned, bounded and labelled as data.
#pragma once

#include "gateway/llm/model.hpp"
#include "validation/domain/thread.hpp"
#include "validation/rules/provenance.hpp"

#include <string>
#include <vector>

namespace purser {

// The messages as a provider may see them. Ids and figures stay as they are.
std::vector<Message> model_view(std::vector<Message> messages);

// What the thread has seen, from its stored messages: the same after a restart.
rules::Sources sources_of(const std::vector<Message>& messages);

// SHA-256 over everything the model was asked with.
std::string digest_of(const ModelRequest& request);

}  // namespace purser
