"""The verbs of files. The row is first: it holds the room, and says where bytes may lie; then the bytes; then the row is whole."""

from chat.files.services.keeping import keep_file, require_may_upload
from chat.files.services.pieces import assembled, begin_upload, finish_upload, give_up_upload, take_piece, upload_of
from chat.files.services.sweeping import is_anything_left_over, sweep
