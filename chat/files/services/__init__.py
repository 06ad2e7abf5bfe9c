"""The verbs of files. First they write the row, which reserves room and names the folder, then the bytes; then the row is whole."""

from chat.files.services.pieces import assembled, begin_upload, finish_upload, give_up_upload, take_piece, upload_of
from chat.files.services.storing import require_may_upload, store_file
from chat.files.services.sweeping import is_anything_left_over, sweep
