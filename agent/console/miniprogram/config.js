module.exports = { backend: 'https://shop.example.com/purser' }
