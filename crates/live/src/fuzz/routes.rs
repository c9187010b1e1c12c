use crate::kernel::routes::message::is_news;

/// Whatever the kernel says, or seems to, of routes is read without harm, and what is cut off says
/// no more than the whole.
pub fn routes(data: &[u8]) {
    let is_whole_news = is_news(data);
    for end in (0..data.len()).step_by(7) {
        assert!(is_whole_news || !is_news(&data[..end]));
    }
}
